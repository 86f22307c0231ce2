/** What the manifest declares, by its own names: settings to read, and keys of conditions to set. */
import * as vscode from 'vscode';
import type { CommandId } from './contributions/commands.js';
import type { ContextKey } from './contributions/conditions.js';
import { SETTINGS, type SettingId, type SettingValue } from './contributions/settings.js';

/** A setting of the person. */
export function setting<K extends SettingId>(id: K, scope?: vscode.ConfigurationScope): SettingValue<K> {
  const fallback = SETTINGS[id].default as SettingValue<K>;
  return vscode.workspace.getConfiguration('modelyard', scope).get<SettingValue<K>>(id, fallback);
}

/** Tells the conditions of menus and views. */
export function setContext(key: ContextKey, value: unknown): void {
  void vscode.commands.executeCommand('setContext', `modelyard.${key}`, value);
}

/** Does what a command does. */
export function runCommand(id: CommandId, ...args: readonly unknown[]): Thenable<unknown> {
  return vscode.commands.executeCommand(`modelyard.${id}`, ...args);
}
