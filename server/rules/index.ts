/** All rules, and the one door through which the editor and the command line use them. */
import { runThrough } from '../base/runs/steps.js';
import type { Definition } from '../definition/read/analyze.js';
import { runRules } from './check.js';
import { always } from './expression/always.js';
import { arity } from './expression/arity.js';
import { functionRule } from './expression/function.js';
import { type } from './expression/type.js';
import { duplicate as duplicateFeature } from './feature/duplicate.js';
import { dvcGraph } from './dvc/graph.js';
import { dvcStage } from './dvc/stage.js';
import { dvcTemplate } from './dvc/template.js';
import { dvcVars } from './dvc/vars.js';
import { expectation } from './feature/expectation.js';
import { missingTimestamp } from './feature/missing-timestamp.js';
import { sql } from './feature/sql.js';
import { timestamp as featureTimestamp } from './feature/timestamp.js';
import { type as featureType } from './feature/type.js';
import { unknownColumn } from './feature/unknown-column.js';
import { unknownEntity } from './feature/unknown-entity.js';
import { unknownFeature } from './feature/unknown-feature.js';
import { unknownService } from './feature/unknown-service.js';
import { unknownView } from './feature/unknown-view.js';
import { unused as unusedFeature } from './feature/unused.js';
import { cycle } from './graph/cycle.js';
import { callCycle } from './graph/call-cycle.js';
import { mutexCycle } from './graph/mutex-cycle.js';
import { unorderedCall } from './graph/unordered-call.js';
import { duplicateOutput } from './graph/duplicate-output.js';
import { nestedOutput } from './graph/nested-output.js';
import { sharedOutput } from './graph/shared-output.js';
import { redundantNeeds } from './graph/redundant-needs.js';
import { aliasName } from './model/alias-name.js';
import { modelName } from './model/name.js';
import { paramDefault } from './param/default.js';
import { paramFile } from './param/file.js';
import { unused as unusedParam } from './param/unused.js';
import { ignoredByCache } from './path/ignored-by-cache.js';
import { missingInput } from './path/missing-input.js';
import { missingScript } from './path/missing-script.js';
import { outputHoldsSources } from './path/output-holds-sources.js';
import { outputTracked } from './path/output-tracked.js';
import { outsideProject } from './path/outside-project.js';
import { windowsName } from './path/windows-name.js';
import { seenUndeclared } from './path/seen-undeclared.js';
import { undeclaredInput } from './path/undeclared-input.js';
import { duplicatePipeline } from './reference/duplicate-pipeline.js';
import { unknownAlias } from './reference/unknown-alias.js';
import { unknownEnvironment } from './reference/unknown-environment.js';
import { unknownExecutor } from './reference/unknown-executor.js';
import { unknownPackage } from './reference/unknown-package.js';
import { unknownService as unknownServiceOfProject } from './reference/unknown-service.js';
import { nobody } from './approval/nobody.js';
import { portConflict } from './deploy/port-conflict.js';
import { unhealthyProbe } from './deploy/unhealthy-probe.js';
import { unknownFeature as unknownMonitorFeature } from './monitor/unknown-feature.js';
import { unknownMetric } from './monitor/unknown-metric.js';
import { packageEmpty } from './package/empty.js';
import { entrypointMissing } from './package/entrypoint-missing.js';
import { packageSignature } from './package/signature.js';
import { secretFile } from './package/secret-file.js';
import { unknownContext } from './reference/unknown-context.js';
import { unknownMatrixKey } from './reference/unknown-matrix-key.js';
import { unknownModel } from './reference/unknown-model.js';
import { unknownOutput } from './reference/unknown-output.js';
import { unknownParam } from './reference/unknown-param.js';
import { unknownPipeline } from './reference/unknown-pipeline.js';
import { unknownTask } from './reference/unknown-task.js';
import { impossible } from './resource/impossible.js';
import { oversized } from './resource/oversized.js';
import { unit } from './resource/unit.js';
import type { Finding, ProjectView, Rule } from './rule.js';
import { missingKey } from './schema/missing-key.js';
import { name } from './schema/name.js';
import { oneAction } from './schema/one-action.js';
import { type as schemaType } from './schema/type.js';
import { unknownKey } from './schema/unknown-key.js';
import { value } from './schema/value.js';
import { raw } from './security/raw.js';
import { secretInCommand } from './security/secret-in-command.js';
import { unused as unusedSuppression } from './suppression/unused.js';
import { duplicateKey } from './syntax/duplicate-key.js';
import { expression } from './syntax/expression.js';
import { yaml } from './syntax/yaml.js';
import { executorMismatch } from './task/executor-mismatch.js';
import { noEffect } from './task/no-effect.js';
import { duration } from './task/duration.js';
import { cutByComment } from './task/cut-by-comment.js';
import { hiddenFailure } from './task/hidden-failure.js';
import { noOutputs } from './task/no-outputs.js';
import { undeclaredVariable } from './task/undeclared-variable.js';
import { ambiguous } from './value/ambiguous.js';
import { duplicateCell } from './value/duplicate-cell.js';

/** In the order of the pages; `suppression/unused` is last because it asks what the others have found. */
export const ALL_RULES: readonly Rule[] = [
  yaml,
  duplicateKey,
  expression,
  unknownKey,
  missingKey,
  schemaType,
  value,
  name,
  oneAction,
  cycle,
  callCycle,
  mutexCycle,
  unorderedCall,
  duplicateOutput,
  nestedOutput,
  redundantNeeds,
  unknownTask,
  unknownParam,
  unknownOutput,
  unknownMatrixKey,
  unknownContext,
  unknownPipeline,
  duplicatePipeline,
  unknownModel,
  unknownAlias,
  unknownEnvironment,
  unknownExecutor,
  unknownPackage,
  unknownServiceOfProject,
  missingInput,
  undeclaredInput,
  seenUndeclared,
  missingScript,
  outsideProject,
  outputTracked,
  windowsName,
  outputHoldsSources,
  ignoredByCache,
  type,
  functionRule,
  arity,
  always,
  paramDefault,
  paramFile,
  unusedParam,
  sharedOutput,
  ambiguous,
  duplicateCell,
  noOutputs,
  hiddenFailure,
  cutByComment,
  undeclaredVariable,
  duration,
  executorMismatch,
  noEffect,
  unit,
  impossible,
  oversized,
  unknownEntity,
  unknownView,
  unknownFeature,
  unknownService,
  unknownColumn,
  missingTimestamp,
  featureTimestamp,
  featureType,
  sql,
  expectation,
  duplicateFeature,
  unusedFeature,
  modelName,
  aliasName,
  packageEmpty,
  entrypointMissing,
  secretFile,
  packageSignature,
  nobody,
  portConflict,
  unhealthyProbe,
  unknownMetric,
  unknownMonitorFeature,
  raw,
  secretInCommand,
  dvcTemplate,
  dvcVars,
  dvcStage,
  dvcGraph,
  unusedSuppression,
];

const byId: ReadonlyMap<string, Rule> = new Map(ALL_RULES.map((rule) => [rule.id, rule]));

export function ruleById(id: string): Rule | undefined {
  return byId.get(id);
}

/** Everything that is to be said about a definition, in the order of its text. */
export function checkDefinition(definition: Definition, project: ProjectView): Finding[] {
  return runThrough(checkingDefinition(definition, project));
}

/** The same in steps, a rule each. */
export function checkingDefinition(definition: Definition, project: ProjectView): Generator<void, Finding[]> {
  return runRules(ALL_RULES, definition, project);
}
