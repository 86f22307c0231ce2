/**
 * The commands: what they are called, where they show and when. `contributes` of package.json is made of this by `npm run docs`;
 * `main.ts` does not compile until each has a body.
 */
import { ON_PIPELINE, TRUSTED, all, key, not } from './conditions.js';
import { is, isAny, isOneOf, isWithout } from './items.js';
import { ALWAYS, type CommandRow, NEVER, onItem, onTitle, within } from './rows.js';

export const COMMANDS = {
  runPipeline: {
    title: 'Run Pipeline',
    icon: 'play',
    short: 'Run',
    menus: [
      onItem('pipelines', all(is('pipeline'), TRUSTED), 'inline@1', '1_run@1'),
      within('editor/title/run', ON_PIPELINE, '1_run@1'),
      within('explorer/context', all(ON_PIPELINE, TRUSTED), '3_modelyard@1'),
    ],
    keys: { key: 'ctrl+alt+r', mac: 'cmd+alt+r', when: all('editorTextFocus', ON_PIPELINE) },
  },
  runPipelineWithParams: {
    title: 'Run Pipeline with Params…',
    icon: 'run-all',
    menus: [
      onItem('pipelines', all(is('pipeline'), TRUSTED), '1_run@2'),
      within('editor/title/run', ON_PIPELINE, '1_run@2'),
    ],
  },
  runPipelineForced: {
    title: 'Run Pipeline, Ignoring What Is Up to Date',
    icon: 'debug-restart',
    menus: [onItem('pipelines', all(is('pipeline'), TRUSTED), '1_run@3')],
  },
  runTask: {
    title: 'Run Only This Task',
    icon: 'play',
    menus: [onItem('pipelines', all(is('task'), TRUSTED), 'inline@1', '1_run@1')],
  },
  runFromTask: {
    title: 'Run From This Task On',
    icon: 'debug-continue',
    menus: [onItem('pipelines', all(is('task'), TRUSTED), '1_run@2')],
  },
  planPipeline: {
    title: 'Plan Pipeline',
    icon: 'checklist',
    short: 'Plan',
    menus: [
      onItem('pipelines', is('pipeline'), '2_look@1'),
      onItem('pipelines', is('task'), '2_look@1'),
      within('editor/title/run', ON_PIPELINE, '2_look@1'),
    ],
  },
  showGraph: {
    title: 'Show Pipeline Graph',
    icon: 'type-hierarchy',
    short: 'Graph',
    menus: [
      onItem('pipelines', is('pipeline'), 'inline@2', '2_look@2'),
      onItem('pipelines', is('task'), '2_look@2'),
      within('editor/title', ON_PIPELINE, 'navigation@1'),
      within('explorer/context', ON_PIPELINE, '3_modelyard@2'),
    ],
  },
  revealDefinition: {
    title: 'Go to Definition File',
    icon: 'go-to-file',
    menus: [
      onItem('pipelines', is('pipeline'), 'inline@3', '2_look@3'),
      onItem('pipelines', is('task'), 'inline@3', '2_look@3'),
      onItem('runs', is('run'), '1_look@2'),
    ],
  },
  createPipeline: {
    title: 'Create Pipeline…',
    icon: 'new-file',
    menus: [onTitle('pipelines', ALWAYS, 'navigation@1')],
  },
  validateProject: {
    title: 'Validate Project',
    icon: 'check-all',
    menus: [
      onTitle('pipelines', TRUSTED, '2_project@1'),
      onItem('pipelines', all(is('project'), TRUSTED), '1_run@1'),
    ],
  },
  showRun: { title: 'Show Run', icon: 'pulse', menus: [onItem('runs', is('run'), 'inline@1', '1_look@1')] },
  showActiveRuns: { title: 'Show Active Runs', icon: 'sync' },
  showApproval: {
    title: 'Show Approval',
    icon: 'open-preview',
    menus: [onItem('runs', is('approval'), 'inline@3', '1_look@1')],
  },
  approve: {
    title: 'Approve…',
    icon: 'check',
    menus: [onItem('runs', isWithout('approval', 'others', 'expired'), 'inline@1', '2_run@1')],
  },
  reject: {
    title: 'Reject…',
    icon: 'close',
    menus: [onItem('runs', isWithout('approval', 'others', 'expired'), 'inline@2', '2_run@2')],
  },
  rerun: {
    title: 'Run Again',
    icon: 'debug-rerun',
    menus: [onItem('runs', all(is('run', 'ended'), TRUSTED), 'inline@2', '2_run@1')],
  },
  resumeRun: {
    title: 'Resume Run',
    icon: 'debug-continue',
    menus: [
      onItem('runs', all(is('approval', 'expired'), TRUSTED), 'inline@1', '2_run@1'),
      onItem('runs', all(isAny('run', 'resumable', 'waiting'), TRUSTED), '2_run@2'),
    ],
  },
  showRunChanges: {
    title: 'Show Changes Since Run Began',
    icon: 'diff',
    menus: [onItem('runs', is('run'), '1_look@4')],
  },
  cancelRun: {
    title: 'Cancel Run',
    icon: 'debug-stop',
    menus: [
      onItem('pipelines', is('pipeline', 'active'), '1_run@4'),
      onItem('runs', isAny('run', 'active', 'waiting'), 'inline@2', '2_run@1'),
    ],
  },
  deleteRun: {
    title: 'Delete Run…',
    icon: 'trash',
    menus: [onItem('runs', is('run', 'ended'), '4_delete@1')],
    keys: { key: 'delete', mac: 'cmd+backspace', when: all('focusedView == modelyard.runs', '!inputFocus') },
  },
  copyRunId: { title: 'Copy Run ID', icon: 'copy', menus: [onItem('runs', is('run'), '3_more@2')] },
  compareRuns: {
    title: 'Compare Runs',
    icon: 'diff',
    menus: [onTitle('runs', ALWAYS, '2_project@1'), onItem('runs', is('run'), '3_more@1')],
  },
  openLog: {
    title: 'Open Log',
    icon: 'output',
    menus: [
      onItem('runs', is('run'), '1_look@3'),
      onItem('runs', is('taskRun', 'log'), 'inline@1', '1_look@1'),
      onItem('runs', is('log'), 'inline@1'),
    ],
  },
  openArtifact: {
    title: 'Open Artifact',
    icon: 'go-to-file',
    menus: [onItem('runs', isWithout('artifact', 'gone'), 'inline@1', '1_look@1')],
  },
  filterRuns: {
    title: 'Filter Runs…',
    icon: 'filter',
    menus: [onTitle('runs', not(key('runs.filtered')), 'navigation@1')],
  },
  clearFilter: {
    title: 'Clear Filter of Runs',
    icon: 'clear-all',
    enabled: key('runs.filtered'),
    menus: [onTitle('runs', key('runs.filtered'), 'navigation@1')],
  },
  groupRunsBy: {
    title: 'Group Runs By…',
    icon: 'list-tree',
    menus: [onTitle('runs', ALWAYS, 'navigation@2')],
  },
  loadMoreRuns: { title: 'Load More Runs', icon: 'ellipsis', palette: NEVER },
  setModelAlias: {
    title: 'Set Alias…',
    icon: 'bookmark',
    enabled: TRUSTED,
    menus: [onItem('models', all(isWithout('version', 'deleted'), TRUSTED), 'inline@1', '2_alias@1')],
  },
  moveModelAlias: {
    title: 'Move Alias…',
    icon: 'arrow-swap',
    enabled: TRUSTED,
    menus: [
      onItem('models', all(is('model', 'aliased'), TRUSTED), '2_alias@1'),
      onItem('models', all(is('version', 'aliased'), isWithout('version', 'deleted'), TRUSTED), '2_alias@2'),
    ],
  },
  removeModelAlias: {
    title: 'Remove Alias…',
    icon: 'close',
    enabled: TRUSTED,
    menus: [
      onItem('models', all(is('model', 'aliased'), TRUSTED), '2_alias@3'),
      onItem('models', all(is('version', 'aliased'), isWithout('version', 'deleted'), TRUSTED), '2_alias@4'),
    ],
  },
  rollBackModelAlias: {
    title: 'Roll Back Alias…',
    icon: 'discard',
    enabled: TRUSTED,
    menus: [
      onItem('models', all(is('model', 'aliased'), TRUSTED), 'inline@1', '2_alias@2'),
      onItem('models', all(is('version', 'aliased'), isWithout('version', 'deleted'), TRUSTED), '2_alias@3'),
    ],
  },
  tagModel: {
    title: 'Set Tag…',
    icon: 'tag',
    enabled: TRUSTED,
    menus: [
      onItem('models', all(isWithout('model', 'deleted'), TRUSTED), '3_words@2'),
      onItem('models', all(isWithout('version', 'deleted'), TRUSTED), '3_words@2'),
    ],
  },
  removeModelTag: {
    title: 'Remove Tag…',
    icon: 'close',
    enabled: TRUSTED,
    menus: [
      onItem('models', all(isWithout('model', 'deleted'), TRUSTED), '3_words@3'),
      onItem('models', all(isWithout('version', 'deleted'), TRUSTED), '3_words@3'),
    ],
  },
  describeModel: {
    title: 'Describe Model or Version…',
    icon: 'edit',
    enabled: TRUSTED,
    menus: [
      onItem('models', all(isWithout('model', 'deleted'), TRUSTED), '3_words@1'),
      onItem('models', all(isWithout('version', 'deleted'), TRUSTED), '3_words@1'),
    ],
  },
  compareModelVersions: {
    title: 'Compare Model Versions',
    icon: 'diff',
    menus: [
      onTitle('models', ALWAYS, '2_project@1'),
      onItem('models', isWithout('model', 'deleted'), '1_look@2'),
      onItem('models', is('version'), '1_look@5'),
    ],
    keys: {
      key: 'ctrl+alt+d',
      mac: 'cmd+alt+d',
      when: all('focusedView == modelyard.models', '!inputFocus'),
    },
  },
  openModelArtifact: {
    title: 'Open Model Artifact',
    icon: 'go-to-file',
    menus: [
      onItem('models', isWithout('modelArtifact', 'gone'), 'inline@1', '1_look@1'),
      onItem('models', is('version'), '4_files@1'),
    ],
  },
  revealModelArtifact: {
    title: 'Reveal Model Artifact in Explorer',
    icon: 'folder-opened',
    menus: [
      onItem('models', is('version'), '4_files@2'),
      onItem('models', isWithout('modelArtifact', 'gone'), '1_look@2'),
    ],
  },
  exportModel: {
    title: 'Export Model…',
    icon: 'cloud-upload',
    menus: [
      onTitle('models', key('hasModels'), '2_project@3'),
      onItem('models', isWithout('model', 'deleted'), '4_files@1'),
      onItem('models', isWithout('version', 'deleted'), '4_files@4'),
    ],
  },
  importModel: {
    title: 'Import Model…',
    icon: 'cloud-download',
    enabled: TRUSTED,
    menus: [onTitle('models', TRUSTED, '2_project@2')],
  },
  deleteModelVersion: {
    title: 'Delete Model Version…',
    icon: 'trash',
    enabled: TRUSTED,
    menus: [onItem('models', all(isWithout('version', 'deleted'), TRUSTED), '5_delete@1')],
  },
  restoreModelVersion: {
    title: 'Restore Model Version',
    icon: 'history',
    enabled: TRUSTED,
    menus: [onItem('models', all(is('version', 'deleted'), TRUSTED), 'inline@1', '5_delete@1')],
  },
  purgeModelVersion: {
    title: 'Give Up Artifact of Deleted Version…',
    icon: 'trash',
    enabled: TRUSTED,
    menus: [onItem('models', all(is('version', 'deleted'), TRUSTED), '5_delete@2')],
  },
  deleteModel: {
    title: 'Delete Model…',
    icon: 'trash',
    enabled: TRUSTED,
    menus: [onItem('models', all(isWithout('model', 'deleted'), TRUSTED), '5_delete@1')],
  },
  restoreModel: {
    title: 'Restore Model',
    icon: 'history',
    enabled: TRUSTED,
    menus: [
      onTitle('models', TRUSTED, '2_project@4'),
      onItem('models', all(is('model', 'deleted'), TRUSTED), 'inline@1', '5_delete@1'),
    ],
  },
  copyModelUri: {
    title: 'Copy Model URI',
    icon: 'copy',
    menus: [
      onItem('models', is('version'), '4_files@3'),
      onItem('models', isWithout('modelArtifact', 'gone'), '1_look@3'),
    ],
  },
  showModelRun: {
    title: 'Show Run of Model Version',
    icon: 'pulse',
    menus: [
      onItem('models', isWithout('modelRun', 'gone'), 'inline@1', '1_look@1'),
      onItem('models', is('version', 'run'), '1_look@4'),
    ],
  },
  showModelUse: {
    title: 'Show What Uses It',
    icon: 'references',
    palette: NEVER,
    menus: [onItem('models', isAny('use', 'task', 'version', 'served'), '1_look@1')],
  },
  showModelVersion: { title: 'Show Model Version', icon: 'symbol-class' },
  showModelHistory: {
    title: 'Show Model History',
    icon: 'history',
    menus: [
      onItem('models', isWithout('model', 'deleted'), 'inline@2', '1_look@1'),
      onItem('models', is('model', 'deleted'), '1_look@1'),
      onItem('models', is('version'), '1_look@3'),
    ],
  },
  openService: {
    title: 'Open Service Panel',
    icon: 'graph-line',
    menus: [onItem('services', is('service'), '3_look@1')],
  },
  showModelLineage: {
    title: 'Show Model Lineage',
    icon: 'git-branch',
    menus: [onItem('models', isWithout('version', 'deleted'), 'inline@3', '1_look@2')],
  },
  showModelCard: {
    title: 'Show Model Card',
    icon: 'open-preview',
    menus: [onItem('models', is('version'), 'inline@2', '1_look@1')],
  },
  exportModelCard: {
    title: 'Export Model Card…',
    icon: 'markdown',
    menus: [onItem('models', is('version'), '4_files@5')],
  },
  filterModels: {
    title: 'Filter Models…',
    icon: 'filter',
    menus: [onTitle('models', not(key('models.filtered')), 'navigation@1')],
  },
  clearModelFilter: {
    title: 'Clear Filter of Models',
    icon: 'clear-all',
    enabled: key('models.filtered'),
    menus: [onTitle('models', key('models.filtered'), 'navigation@1')],
  },
  sortModelsBy: {
    title: 'Sort Models By…',
    icon: 'sort-precedence',
    menus: [onTitle('models', ALWAYS, 'navigation@2')],
  },
  loadMoreVersions: { title: 'Load More Versions', icon: 'ellipsis', palette: NEVER },
  showArtifactVersion: {
    title: 'Show Model Version of Artifact',
    icon: 'symbol-class',
    palette: NEVER,
    menus: [onItem('runs', is('artifact', 'version'), 'inline@2', '1_look@2')],
  },
  startService: {
    title: 'Start Service',
    icon: 'play',
    enabled: TRUSTED,
    menus: [onItem('services', all(isAny('service', 'down', 'lost'), TRUSTED), 'inline@1', '1_run@1')],
  },
  stopService: {
    title: 'Stop Service…',
    icon: 'debug-stop',
    enabled: TRUSTED,
    menus: [onItem('services', all(is('service', 'up'), TRUSTED), '1_run@3')],
  },
  restartService: {
    title: 'Restart Service',
    icon: 'debug-restart',
    enabled: TRUSTED,
    menus: [onItem('services', all(is('service', 'up', 'serving'), TRUSTED), '1_run@2')],
  },
  rollBackService: {
    title: 'Roll Back Service…',
    icon: 'discard',
    enabled: TRUSTED,
    menus: [
      onItem('services', all(is('service', 'back'), TRUSTED), 'inline@1', '2_release@1'),
      onItem('services', all(is('release', 'previous'), TRUSTED), 'inline@1', '1_release@1'),
      onItem('services', all(is('alert', 'firing'), TRUSTED), '2_release@1'),
    ],
  },
  promoteService: {
    title: 'Promote Canary…',
    icon: 'arrow-up',
    enabled: TRUSTED,
    menus: [
      onItem('services', all(is('service', 'canary'), TRUSTED), '2_release@2'),
      onItem('services', all(is('release', 'canary'), TRUSTED), 'inline@1', '1_release@1'),
    ],
  },
  setServiceTraffic: {
    title: 'Set Traffic of Canary…',
    icon: 'split-horizontal',
    enabled: TRUSTED,
    menus: [
      onItem('services', all(is('service', 'canary'), TRUSTED), '2_release@3'),
      onItem('services', all(is('release', 'canary'), TRUSTED), 'inline@2', '1_release@2'),
    ],
  },
  abortService: {
    title: 'End Canary or Deployment',
    icon: 'circle-slash',
    enabled: TRUSTED,
    menus: [
      onItem('services', all(isAny('service', 'canary', 'deploying'), TRUSTED), '2_release@4'),
      onItem('services', all(isAny('release', 'canary', 'starting'), TRUSTED), 'inline@3', '1_release@3'),
    ],
  },
  serveRelease: {
    title: 'Serve Release…',
    icon: 'rocket',
    enabled: TRUSTED,
    menus: [
      onTitle('services', all(key('hasServices'), TRUSTED), 'navigation@1'),
      onItem('services', all(is('release', 'idle'), TRUSTED), 'inline@1'),
      onItem('services', all(isAny('release', 'idle', 'previous'), TRUSTED), '1_release@2'),
    ],
  },
  sendServiceSample: {
    title: 'Send Sample Request…',
    icon: 'beaker',
    enabled: TRUSTED,
    menus: [
      onItem(
        'services',
        all(is('service', 'up'), isWithout('service', 'lost'), TRUSTED),
        'inline@2',
        '3_look@2',
      ),
    ],
  },
  openServiceInBrowser: {
    title: 'Open Service in Browser',
    icon: 'globe',
    menus: [
      onItem('services', all(is('service', 'up'), isWithout('service', 'lost')), 'inline@3', '3_look@3'),
      onItem('services', is('address'), '2_look@1'),
    ],
  },
  copyServiceUrl: {
    title: 'Copy Service Address',
    icon: 'copy',
    menus: [
      onItem('services', is('service'), '9_copy@1'),
      onItem('services', is('address'), 'inline@1', '9_copy@1'),
    ],
  },
  showServiceLog: {
    title: 'Show Service Log',
    icon: 'output',
    menus: [onItem('services', is('service'), '3_look@4')],
  },
  showServiceHistory: {
    title: 'Show Service History',
    icon: 'list-unordered',
    menus: [
      onItem('services', is('service'), '3_look@5'),
      onItem('services', is('serviceHistory'), 'inline@1'),
    ],
  },
  showReleaseModel: {
    title: 'Show Model Version of Release',
    icon: 'symbol-class',
    palette: NEVER,
    menus: [onItem('services', is('release', 'model'), '2_look@1')],
  },
  showReleaseRun: {
    title: 'Show Run of Release',
    icon: 'pulse',
    palette: NEVER,
    menus: [
      onItem('services', is('release', 'run'), '2_look@2'),
      onItem('services', is('event', 'run'), '2_look@1'),
    ],
  },
  showAlertRule: {
    title: 'Show Rule of Alert',
    icon: 'go-to-file',
    palette: NEVER,
    menus: [onItem('services', is('alert', 'placed'), 'inline@1')],
  },
  revealService: { title: 'Show Service in Tree', icon: 'list-tree' },
  materializeView: {
    title: 'Materialize Feature View',
    icon: 'play',
    short: 'Materialize',
    menus: [onItem('features', all(is('featureView'), TRUSTED), 'inline@1', '1_run@1')],
  },
  previewView: {
    title: 'Preview Rows of Feature View',
    icon: 'table',
    short: 'Preview',
    menus: [
      onItem('features', isAny('featureView', 'one', 'versions'), 'inline@2'),
      onItem('features', is('featureView'), '2_look@1'),
    ],
  },
  profileView: {
    title: 'Show Profile of Feature View',
    icon: 'graph',
    short: 'Profile',
    menus: [
      onItem('features', isAny('featureView', 'one', 'versions'), 'inline@3'),
      onItem('features', is('featureView'), '2_look@2'),
    ],
  },
  compareViewVersions: {
    title: 'Compare Versions of Feature View…',
    icon: 'diff',
    short: 'Compare Versions…',
    menus: [onItem('features', is('featureView', 'versions'), '2_look@3')],
  },
  openFeature: {
    title: 'Open Feature Definition',
    icon: 'go-to-file',
    short: 'Open Definition',
    menus: [
      onItem(
        'features',
        isOneOf('featureView', 'entity', 'feature', 'featureService', 'featureUser', 'serviceEntry'),
        '3_open@1',
      ),
      onItem('features', isOneOf('featureView', 'entity', 'featureService'), 'inline@4'),
    ],
  },
  buildTrainingSet: {
    title: 'Build Training Set…',
    icon: 'combine',
    menus: [
      onTitle('features', TRUSTED, '2_project@1'),
      onItem('features', all(is('featureService'), TRUSTED), '1_run@1', 'inline@1'),
    ],
  },
  createFeatures: {
    title: 'Create Features from a Data File…',
    icon: 'add',
    short: 'Create from a Data File…',
    menus: [
      onTitle('features', TRUSTED, 'navigation@1'),
      within(
        'explorer/context',
        all('resourceExtname =~ /^\\.(csv|tsv|parquet|jsonl|ndjson)$/', TRUSTED),
        '3_modelyard@1',
      ),
    ],
  },
  refresh: {
    title: 'Refresh',
    icon: 'refresh',
    menus: [
      onTitle('pipelines', ALWAYS, 'navigation@3'),
      onTitle('runs', ALWAYS, 'navigation@3'),
      onTitle('models', ALWAYS, 'navigation@3'),
      onTitle('features', ALWAYS, 'navigation@3'),
      onTitle('services', ALWAYS, 'navigation@3'),
    ],
  },
  gc: { title: 'Free Space…', icon: 'trash', menus: [onTitle('runs', TRUSTED, '2_project@2')] },
  restoreTrashed: {
    title: 'Restore from Trash…',
    icon: 'discard',
    menus: [
      onTitle('runs', TRUSTED, '2_project@3'),
      onItem('runs', all(is('trashEntry'), TRUSTED), 'inline@1', '2_run@1'),
    ],
  },
  openTrashed: {
    title: 'Open from Trash',
    icon: 'go-to-file',
    palette: NEVER,
    menus: [onItem('runs', is('trashEntry'), '1_look@1')],
  },
  deleteTrashed: {
    title: 'Delete Permanently…',
    icon: 'trash',
    palette: NEVER,
    menus: [onItem('runs', all(is('trashEntry'), TRUSTED), '4_delete@1')],
  },
  emptyTrash: { title: 'Empty Trash…', icon: 'trash', menus: [onTitle('runs', TRUSTED, '2_project@4')] },
  openRule: { title: 'Open the Page of a Rule…', icon: 'book' },
  trustMemory: {
    title: 'Trust Memory…',
    icon: 'workspace-trusted',
    palette: TRUSTED,
    menus: [onItem('runs', all(isWithout('memory', 'link'), TRUSTED), 'inline@1', '2_run@1')],
  },
  explainMemory: {
    title: 'What Is This?',
    icon: 'question',
    palette: NEVER,
    menus: [onItem('runs', is('memory'), 'inline@2', '1_look@1')],
  },
  restartServer: {
    title: 'Restart Language Server',
    icon: 'debug-restart',
    menus: [onTitle('pipelines', ALWAYS, '3_server@2')],
  },
  showOutput: { title: 'Show Output', icon: 'output', menus: [onTitle('pipelines', ALWAYS, '3_server@1')] },
} as const satisfies Record<string, CommandRow>;

/** Without `modelyard.` before it. */
export type CommandId = keyof typeof COMMANDS;
