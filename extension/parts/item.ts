/** Editor items out of plain texts. */
import * as vscode from 'vscode';
import type { ItemText } from './item-text.js';

const STATES = {
  none: vscode.TreeItemCollapsibleState.None,
  collapsed: vscode.TreeItemCollapsibleState.Collapsed,
  expanded: vscode.TreeItemCollapsibleState.Expanded,
} as const;

/** @param argument what the item's command and its menus get: the node itself */
export function treeItem(text: ItemText, argument: unknown): vscode.TreeItem {
  const item = new vscode.TreeItem(text.label, STATES[text.children]);
  item.id = text.id;
  if (text.description !== undefined && text.description !== '') item.description = text.description;
  item.iconPath =
    text.color === undefined
      ? new vscode.ThemeIcon(text.icon)
      : new vscode.ThemeIcon(text.icon, new vscode.ThemeColor(text.color));
  item.contextValue = text.context;
  item.accessibilityInformation = { label: text.spoken, role: 'treeitem' };
  if (text.tooltip !== undefined) {
    const tooltip = new vscode.MarkdownString(text.tooltip, true);
    tooltip.isTrusted = false;
    tooltip.supportHtml = false;
    item.tooltip = tooltip;
  }
  if (text.command) {
    item.command = { command: text.command.id, title: text.command.title, arguments: [argument] };
  }
  return item;
}
