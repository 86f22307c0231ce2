// The layers of docs/development/architecture.md. Each `from` may import only what `allowed` names; anything else fails CI.
const layers = {
  base: [],
  syntax: [],
  definition: ['syntax'],
  rules: ['syntax', 'definition'],
  ide: ['syntax', 'definition', 'rules'],
  project: ['syntax', 'definition', 'rules'],
  stores: ['definition'],
  python: ['definition', 'stores'],
  features: ['definition', 'stores'],
  serving: ['definition', 'stores', 'features'],
  tracking: ['definition', 'stores'],
  runner: ['definition', 'project', 'stores', 'python', 'features', 'serving'],
  language: [
    'syntax',
    'definition',
    'rules',
    'ide',
    'project',
    'stores',
    'python',
    'features',
    'serving',
    'runner',
  ],
  cli: [
    'syntax',
    'definition',
    'rules',
    'project',
    'stores',
    'python',
    'features',
    'serving',
    'tracking',
    'runner',
  ],
};

const forbidden = [
  {
    name: 'no-cycle',
    severity: 'error',
    from: {},
    to: { circular: true, dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'no-type-cycle',
    comment: 'A cycle of types is a cycle of ideas.',
    severity: 'error',
    from: { path: '^(server|extension|media)/' },
    to: { circular: true },
  },
  {
    name: 'only-extension-imports-vscode',
    severity: 'error',
    from: { pathNot: '^(extension|tests/editor)/' },
    to: { path: '^vscode$|node_modules/@types/vscode|vscode-languageclient' },
  },
  {
    name: 'only-syntax-imports-yaml',
    severity: 'error',
    from: { pathNot: '^(server/syntax|tests)/' },
    to: { path: '(^|/)node_modules/(?:yaml|smol-toml)/' },
  },
  {
    name: 'only-language-speaks-lsp',
    severity: 'error',
    from: { path: '^server/', pathNot: '^server/language/' },
    to: { path: 'node_modules/vscode-(languageserver|jsonrpc)' },
  },
  {
    name: 'extension-takes-only-base-and-the-protocol',
    severity: 'error',
    from: { path: '^extension/' },
    to: { path: '^server/', pathNot: '^server/(base|protocol)/' },
  },
  {
    name: 'extension-takes-only-types-from-the-protocol',
    severity: 'error',
    from: { path: '^extension/' },
    to: { path: '^server/', pathNot: '^server/base/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'webviews-stand-alone',
    severity: 'error',
    from: { path: '^media/' },
    to: { pathNot: '^media/|^server/(base|protocol)/' },
  },
  {
    name: 'base-is-a-leaf',
    comment: 'Webviews take it, too: nothing of Node, and nothing of a layer.',
    severity: 'error',
    from: { path: '^server/base/', pathNot: '^server/base/git-index\\.ts$' },
    to: { pathNot: '^server/base/(?!git-index)' },
  },
  {
    name: 'protocol-is-a-leaf',
    severity: 'error',
    from: { path: '^server/protocol/' },
    to: { path: '^(server|extension|media)/', pathNot: '^server/(base|protocol)/' },
  },
  {
    name: 'server-knows-no-editor',
    severity: 'error',
    from: { path: '^server/' },
    to: { path: '^(extension|media|tests)/' },
  },
  {
    name: 'product-does-not-import-dev-tools',
    severity: 'error',
    from: { path: '^(server|extension|media)/' },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '@types/' },
  },
  { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^vscode$' } },
  ...Object.entries(layers).map(([layer, allowed]) => ({
    name: `layer-${layer}`,
    severity: 'error',
    from: { path: `^server/${layer}/` },
    to: {
      path: '^server/',
      pathNot: `^server/(${[layer, 'base', ...allowed].join('|')})/|^server/protocol/`,
    },
  })),
];

module.exports = {
  forbidden,
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
};
