/** Folders that hold many files and none that a person means: no walk, listing or search looks into them. */
export const NEVER_WALKED: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  '.modelyard',
  '.venv',
  'venv',
  '__pycache__',
]);
