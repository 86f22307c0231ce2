/** What stands at a path relative to the project. `unknown`: it can't be told, or is too much to read. */
export type FileText =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'missing' | 'folder' | 'unknown' };
