/** Processes belong to whoever starts them; services do, too. */
export * from '../stores/proc.js';
