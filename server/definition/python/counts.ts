/** Words of the key `python`. */

/** What of the interpreter makes a task run again. */
export const PYTHON_COUNTS = ['version', 'packages', 'nothing'] as const;
export type PythonCounts = (typeof PYTHON_COUNTS)[number];

/** How Python files count that a task reads. */
export const PYTHON_CODE = ['bytes', 'syntax'] as const;
export type PythonCode = (typeof PYTHON_CODE)[number];

/** Tools whose environment is meant, by the word for it. */
export const PYTHON_MANAGERS = ['uv', 'poetry', 'pixi'] as const;
