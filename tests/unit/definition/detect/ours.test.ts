/** Which files are ours: small files in the style of other tools, under names of ours, and definitions with slips. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { identify } from '../../../../server/definition/detect/ours.js';

/** [tool, file name, text, what it is refused for]. */
const FOREIGN: readonly (readonly [string, string, string, RegExp])[] = [
  [
    'Tekton',
    'pipeline.yaml',
    'apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: x}\nspec: {tasks: []}\n',
    /`apiVersion`/,
  ],
  [
    'Tekton, two documents',
    'pipeline.yaml',
    '---\napiVersion: tekton.dev/v1beta1\nkind: Task\n---\napiVersion: tekton.dev/v1beta1\nkind: Pipeline\n',
    /`apiVersion`/,
  ],
  [
    'Tekton, JSON in YAML',
    'build.pipeline.yaml',
    '{"apiVersion": "tekton.dev/v1", "kind": "Pipeline", "spec": {"tasks": []}}',
    /`apiVersion`/,
  ],
  [
    'Argo',
    'pipeline.yaml',
    'apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {entrypoint: main}\n',
    /`apiVersion`/,
  ],
  [
    'Argo, kind first',
    'pipeline.yml',
    'kind: Workflow\nmetadata: {generateName: x-}\napiVersion: argoproj.io/v1alpha1\n',
    /`apiVersion`/,
  ],
  [
    'KServe',
    'model.pipeline.yaml',
    '# CRD\napiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\n',
    /`apiVersion`/,
  ],
  [
    'Kubeflow v2',
    'pipeline.yaml',
    '# PIPELINE DEFINITION\n# Name: x\ncomponents:\n  comp-a: {executorLabel: exec-a}\ndeploymentSpec: {executors: {}}\npipelineInfo: {name: x}\nroot: {dag: {}}\nschemaVersion: 2.1.0\n',
    /`components`/,
  ],
  ['Kubeflow v1', 'pipeline.yaml', 'apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n', /`apiVersion`/],
  [
    'Azure ML job',
    'pipeline.yml',
    '$schema: https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json\ntype: pipeline\ntags:\n  owner: sdkteam\njobs:\n  prep: {type: command}\n',
    /`\$schema`/,
  ],
  [
    'Azure ML job without schema',
    'pipeline.yml',
    'type: pipeline\ndisplay_name: x\njobs: {train: {type: command}}\n',
    /`jobs`/,
  ],
  [
    'Azure ML component',
    'train.pipeline.yml',
    '$schema: "https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json"\nname: train\ninputs: {}\n',
    /`\$schema`/,
  ],
  [
    'Azure DevOps jobs',
    'pipeline.yml',
    'trigger: [main]\npool: {vmImage: ubuntu-latest}\njobs:\n- job: a\n',
    /`jobs`/,
  ],
  ['Azure DevOps stages', 'pipeline.yaml', 'trigger: none\nstages:\n- stage: Build\n', /`stages`/],
  [
    'Azure DevOps steps',
    'azure.pipeline.yml',
    'pool:\n  name: Default\nsteps:\n- task: DeleteFiles@1\n',
    /`pool`/,
  ],
  [
    'Azure DevOps template',
    'pipeline.yml',
    'parameters:\n- name: env\n  type: string\nsteps:\n- script: echo\n',
    /`steps`|`parameters`/,
  ],
  [
    'Azure DevOps extends',
    'pipeline.yml',
    'resources:\n  repositories: []\nextends: {template: x.yml@t}\n',
    /`resources`/,
  ],
  [
    'GitHub Actions',
    '.github/workflows/pipeline.yml',
    'name: Data Pipeline\non: push\njobs: {a: {runs-on: x}}\n',
    /`jobs`/,
  ],
  ['GitHub Actions, quoted on', 'pipeline.yml', 'name: CI\n"on": [push]\n', /`on`/],
  ['GitHub Actions, no jobs yet', 'pipeline.yml', 'name: CI/CD\non:\n  push: {branches: [main]}\n', /`on`/],
  [
    'GitHub composite action',
    'pipeline.yml',
    'name: x\ndescription: y\nruns:\n  using: composite\n  steps: []\n',
    /`runs`/,
  ],
  [
    'GitLab',
    '.gitlab/x.pipeline.yml',
    'stages: [build, test]\nbuild:\n  stage: build\n  script: [make]\n',
    /`stages`/,
  ],
  [
    'GitLab without stages',
    'pipeline.yml',
    'image: node:20\nbefore_script: [npm ci]\ntest:\n  script: npm test\n',
    /`image`/,
  ],
  [
    'GitLab reference',
    'pipeline.yml',
    'x-a: &a {}\ntest:\n  script: !reference [.setup, script]\n',
    /tag `!reference`/,
  ],
  ['GitLab spec', 'pipeline.yml', 'spec:\n  inputs: {a: {}}\n---\njob:\n  script: echo\n', /`spec`/],
  [
    'CloudFormation',
    'pipeline.yaml',
    'AWSTemplateFormatVersion: 2010-09-09\nResources:\n  P: {Type: AWS::CodePipeline::Pipeline}\n',
    /`Resources`/,
  ],
  [
    'CloudFormation, only ours by key',
    'pipeline.yaml',
    'description: x\nparams:\n  A: !Ref Bucket\n',
    /tag `!Ref`/,
  ],
  [
    'CloudFormation, tag over a list',
    'pipeline.yml',
    'name: a\nenv:\n  A: !Join\n    - ","\n    - [a]\n',
    /tag `!Join`/,
  ],
  ['SAM', 'pipeline.yaml', 'Transform: AWS::Serverless-2016-10-31\nResources: {}\n', /`Resources`/],
  [
    'CodeBuild',
    'pipeline.yml',
    'version: 0.2\nphases:\n  build: {commands: [make]}\nartifacts: {files: [a]}\n',
    /`version`/,
  ],
  ['SageMaker params', 'pipeline.yaml', 'Parameters:\n  Name: x\nSteps: []\n', /`Steps`|`Parameters`/],
  [
    'Drone',
    'pipeline.yml',
    'kind: pipeline\ntype: docker\nname: default\nsteps:\n- name: a\n  image: x\n',
    /`type`|`steps`/,
  ],
  ['Drone, short', 'pipeline.yml', 'kind: pipeline\nname: default\n', /`kind: pipeline`/],
  [
    'Bitbucket',
    'pipeline.yml',
    'image: atlassian/default-image:3\npipelines:\n  default:\n  - step: {script: [make]}\n',
    /`image`/,
  ],
  [
    'Concourse',
    'pipeline.yml',
    'resources:\n- name: repo\n  type: git\njobs:\n- name: a\n',
    /`jobs`|`resources`/,
  ],
  [
    'Concourse, groups',
    'ci.pipeline.yml',
    'groups: [{name: all}]\nresource_types: []\n',
    /`groups`|`resource_types`/,
  ],
  [
    'Concourse task',
    'pipeline.yml',
    'platform: linux\nimage_resource: {type: registry-image}\nrun: {path: sh}\n',
    /`platform`/,
  ],
  [
    'Ploomber',
    'pipeline.yaml',
    'meta:\n  extract_upstream: true\ntasks:\n  - source: a.py\n    product: a.ipynb\n',
    /list of `tasks`/,
  ],
  [
    'Ploomber, tasks alone',
    'pipeline.yaml',
    'tasks:\n- source: a.py\n  name: load\n  product: out/a.ipynb\n',
    /list of `tasks`/,
  ],
  ['Ploomber, tasks in flow', 'pipeline.yaml', 'tasks: [{source: a.py, product: a}]\n', /list of `tasks`/],
  ['Ploomber location', 'pipeline.yaml', 'location: my_module.make\n', /`location`/],
  ['DVC', 'pipeline.yaml', 'stages:\n  train: {cmd: python train.py, deps: [a], outs: [m]}\n', /`stages`/],
  ['DVC params', 'pipeline.yaml', 'train: {lr: 0.1}\nprepare: {seed: 2}\n', /`train`/],
  [
    'MLflow recipe',
    'pipeline.yaml',
    'template: regression/v1\ntarget_col: fare\nsteps: {split: {}}\n',
    /`template`/,
  ],
  [
    'Kedro catalog',
    'features.yaml',
    'model_input:\n  type: pandas.CSVDataset\n  filepath: a.csv\n',
    /`model_input`/,
  ],
  [
    'Feast store',
    'features.yaml',
    'project: x\nregistry: data/registry.db\nprovider: local\nonline_store: {type: sqlite}\n',
    /`project`|`registry`/,
  ],
  [
    'Feast-like in Kubernetes',
    'features.yaml',
    'apiVersion: feast.dev/v1\nkind: FeatureStore\nentities: {}\n',
    /`apiVersion`/,
  ],
  [
    'Databricks features',
    'features.yaml',
    'schema: churn\neol_table: {name: x}\nfeatures:\n- name: tier\n',
    /`schema`|`eol_table`/,
  ],
  [
    'Spring features',
    'features.yaml',
    'spring:\n  profiles: prod\nfeatures: {new-ui: true}\n',
    /`spring`|`features`/,
  ],
  ['Feature flags', 'features.yaml', 'features:\n  newCheckout: {enabled: true}\n', /`features`/],
  ['Feature flags as a list', 'features.yaml', '- key: library\n  tier: release\n', /list at the top/],
  ['Flipt', 'features.yaml', 'namespace: default\nflags: [{key: a}]\nsegments: []\n', /`namespace`/],
  ['LaunchDarkly-like', 'app.features.yml', 'newFlag: true\noldFlag: false\n', /`newFlag`/],
  ['RIOT', 'features.yaml', '%YAML 1.2\n---\ngroups:\n- title: A\n', /`groups`/],
  ['Compose', 'features.yaml', 'services:\n  web: {image: nginx}\n', /`services`/],
  [
    'Compose with a version',
    'features.yml',
    'version: "3"\nservices: {web: {image: nginx}}\nvolumes: {}\n',
    /`version`/,
  ],
  ['OpenAPI', 'features.yaml', 'openapi: 3.0.0\ninfo: {title: x}\npaths: {}\n', /`openapi`/],
  ['OpenAPI as a pipeline', 'api.pipeline.yaml', 'swagger: "2.0"\npaths: {}\n', /`swagger`/],
  ['Airbyte', 'pipeline.yaml', 'version: 0.29.0\ntype: DeclarativeSource\nstreams: []\n', /`version`/],
  [
    'Elastic ingest',
    'pipeline.yml',
    'description: Pipeline for x\nprocessors:\n- set: {field: a}\non_failure: []\n',
    /`processors`/,
  ],
  [
    'Elastic ingest with a marker',
    'default.pipeline.yml',
    '---\ndescription: Pipeline\nprocessors: []\n',
    /`processors`/,
  ],
  ['Logstash', 'pipeline.yml', '- pipeline.id: main\n  path.config: /etc/x\n', /list at the top/],
  [
    'Home Assistant',
    'features.yaml',
    'homeassistant:\n  packages: !include_dir_named packages\n',
    /tag|`homeassistant`/,
  ],
  ['Home Assistant secrets', 'pipeline.yaml', 'name: x\nenv: {TOKEN: !secret token}\n', /tag `!secret`/],
  ['Taskfile', 'pipeline.yml', 'version: "3"\ntasks:\n  build: {cmds: [make], silent: true}\n', /`version`/],
  ['Ansible', 'pipeline.yml', '- hosts: all\n  tasks: []\n', /list at the top/],
  ['Jenkins X', 'pipeline.yaml', 'pipelineConfig: {pipelines: {}}\nbuildPack: none\n', /`pipelineConfig`/],
  ['Haystack', 'pipeline.yaml', 'version: 1.0\ncomponents: []\npipelines: []\n', /`version`/],
  ['Prefect', 'pipeline.yaml', 'prefect-version: 2\nname: x\ndeployments: []\n', /`prefect-version`/],
  ['Woodpecker', 'pipeline.yml', 'when: [{event: push}]\nsteps: {a: {image: x}}\n', /`when`/],
  ['Buildkite', 'pipeline.yml', 'steps:\n- command: make\n  label: x\n', /`steps`/],
  ['Buildkite with env', 'pipeline.yml', 'env: {A: b}\nsteps:\n- wait\n', /`steps`/],
  ['Buildkite with agents', 'pipeline.yaml', 'agents: {queue: q}\nsteps: []\n', /`agents`/],
  ['CircleCI', 'pipeline.yml', 'version: 2.1\norbs: {}\njobs: {}\n', /`jobs`/],
  ['Cloud Build', 'pipeline.yaml', 'steps:\n- name: gcr.io/cloud-builders/docker\nimages: [a]\n', /`steps`/],
  ['Helm values', 'pipeline.yaml', 'replicaCount: 1\nimage: {tag: x}\n', /`replicaCount`/],
  [
    'Index template',
    'pipeline.yaml',
    '{\n  "index_patterns": ["in*"],\n  "order": 0\n}\n',
    /`index_patterns`/,
  ],
  ['Words', 'features.yaml', '# features considered\n\ngland-bam\n', /text without keys/],
  ['Prose', 'pipeline.yaml', 'this is\nonly a note\n', /text without keys/],
  ['Windows line ends', 'pipeline.yaml', 'apiVersion: tekton.dev/v1\r\nkind: Pipeline\r\n', /`apiVersion`/],
  ['Byte order mark', 'pipeline.yaml', '\uFEFFapiVersion: tekton.dev/v1\nkind: Pipeline\n', /`apiVersion`/],
  ['All indented', 'pipeline.yaml', '  apiVersion: tekton.dev/v1\n  kind: Pipeline\n', /`apiVersion`/],
];

for (const [tool, path, text, because] of FOREIGN) {
  test(`not ours: ${tool}`, () => {
    const identity = identify(path, text);
    assert.equal(identity.kind, undefined);
    assert.match(identity.refused?.because ?? '', because);
  });
}

/** [what, file name, text]. */
const OURS: readonly (readonly [string, string, string])[] = [
  ['empty', 'pipeline.yaml', ''],
  ['blank', 'pipeline.yaml', '\n  \n'],
  ['only comments', 'train.pipeline.yaml', '# TODO\n# later\n'],
  ['only a marker', 'pipeline.yaml', '---\n'],
  ['the smallest', 'pipeline.yaml', 'tasks:\n  a: { run: make }\n'],
  ['tasks not begun', 'pipeline.yaml', 'tasks:\n'],
  ['one key', 'pipeline.yaml', 'name: rain\n'],
  ['a key being written', 'pipeline.yaml', 'ta\n'],
  ['a key being written, one letter', 'pipeline.yaml', 'n'],
  ['a key being written below others', 'pipeline.yaml', 'name: rain\nta\n'],
  ['a kind being written', 'pipeline.yaml', 'kind: m\n'],
  ['a slip in tasks', 'pipeline.yaml', 'task:\n  a: { run: make }\n'],
  ['another slip in tasks', 'pipeline.yaml', 'taks:\n  a: { run: make }\n'],
  ['a slip in params', 'pipeline.yaml', 'parms: {a: 1}\ntasks:\n  a: { run: make }\n'],
  ['a capital', 'pipeline.yaml', 'Tasks:\n  a: { run: make }\n'],
  ['a slip in the kind', 'pipeline.yaml', 'kind: model-buidl\nname: x\n'],
  ['a wrong kind', 'pipeline.yaml', 'kind: training\ntasks:\n  a: { run: make }\n'],
  ['a key of nobody', 'pipeline.yaml', 'owner: me\ntasks:\n  a: { run: make }\n'],
  ['a key of nobody and a slip below', 'pipeline.yaml', 'owner: me\ntasks:\n  a: { runn: make }\n'],
  ['a kind of ours and foreign keys', 'pipeline.yaml', 'kind: model-build\non: push\n'],
  [
    'own keys for anchors',
    'pipeline.yaml',
    'x-base: &base { cache: false }\ntasks:\n  a: { <<: *base, run: make }\n',
  ],
  ['in braces', 'pipeline.yaml', '{ name: rain, tasks: { a: { run: make } } }'],
  ['quoted keys', 'pipeline.yaml', '"tasks":\n  a: { run: make }\n'],
  ['indented', 'pipeline.yaml', '  tasks:\n    a: { run: make }\n'],
  ['Windows line ends', 'pipeline.yaml', 'name: rain\r\ntasks:\r\n  a: { run: make }\r\n'],
  ['a byte order mark', 'pipeline.yaml', '\uFEFFtasks:\n  a: { run: make }\n'],
  [
    'a pattern without its quotes',
    'pipeline.yaml',
    'tasks:\n  a:\n    run: make\n    inputs: [data, !models/b.bin]\n',
  ],
  [
    'a folder without its quotes',
    'pipeline.yaml',
    'tasks:\n  a:\n    run: make\n    inputs:\n      - data\n      - !src\n',
  ],
  [
    'foreign words in a command',
    'pipeline.yaml',
    'tasks:\n  a:\n    run: |\n      cat <<X\n      apiVersion: v1\n      jobs: x\n      X\n',
  ],
  ['foreign words in a comment', 'pipeline.yaml', '# jobs: - !Ref x\ntasks:\n  a: { run: make }\n'],
  ['a broken line', 'pipeline.yaml', 'tasks:\n  a: { run: make\n'],
  ['a standard tag', 'pipeline.yaml', 'tasks: !!map\n  a: { run: make }\n'],
  ['entities', 'features.yaml', 'entities:\n  a: { keys: [id] }\n'],
  ['views and a key of nobody', 'features.yaml', 'views: {}\nteam: x\n'],
  ['a slip in views', 'features.yaml', 'entites: {}\n'],
  ['services alone, as lists', 'features.yaml', 'services:\n  s: [weather]\n'],
  ['services alone, as maps', 'features.yaml', 'services:\n  s: { features: [weather] }\n'],
  ['services not begun', 'features.yaml', 'services:\n'],
  ['services beside entities', 'features.yaml', 'entities: {}\nservices: {}\n'],
];

for (const [what, path, text] of OURS) {
  test(`ours: ${what}`, () => {
    assert.equal(identify(path, text).kind, path.startsWith('features') ? 'features' : 'pipeline');
  });
}

test('a file with another name is only ours when it says so, and is never refused aloud', () => {
  assert.deepEqual(identify('x.yaml', 'kind: model-build\ntasks: {}\n'), { kind: 'pipeline' });
  assert.deepEqual(identify('x.yaml', 'apiVersion: v1\nentities: {}\nviews: {}\n'), { kind: undefined });
  assert.deepEqual(identify('x.yaml', 'tasks: {}\n'), { kind: undefined });
  assert.deepEqual(identify('pipeline.json', 'tasks: {}\n'), { kind: undefined });
});
