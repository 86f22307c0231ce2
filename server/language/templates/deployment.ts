/** What a deployment puts into service, and the pipeline that makes it. */
export interface Part {
  readonly name: string;
  readonly pipeline: string;
}

export interface ModelPart extends Part {
  /** Absent: the newest version. */
  readonly alias?: string;
}

interface Parts {
  readonly app: Part;
  readonly model: ModelPart;
  readonly environment: string;
}

/** Model and app, put together after a person's yes, watched under traffic, and kept after another one. */
export const deployment = (
  name: string,
  { app: { name: app, pipeline: appPipeline }, model, environment }: Parts,
): string => `# Puts an app and a model into service: a person says yes, the release is deployed and started, watched while it
# answers, and kept after another yes. Start it with "Run" above this file, or with \`modelyard run ${name}\`; answer in the
# Runs view or with \`modelyard approve\`. \`modelyard service stop ${environment}/${app}\` ends what it has started.
name: ${name}
kind: deployment
description: Puts ${app} and ${model.name} into service in ${environment}.

tasks:
  # What goes out, made where something of it has changed.
  model: { pipeline: ${model.pipeline} }
  app: { pipeline: ${appPipeline} }

  review:
    needs: [model, app]
    approval:
      prompt: Put **${app}** with **${versionOf(model)}** into ${environment}?

  release:
    description: App and model in one folder, checked byte by byte.
    needs: [review]
    deploy: { package: ${app}, model: ${versionOf(model)}, environment: ${environment} }

  # Traffic moves once the release is healthy. One that never gets healthy gets none.
  serve:
    service: { name: ${app}, environment: ${environment}, drain: 2s }

  # Something to answer while it is watched. With users of your own, drop this task.
  traffic:
    description: Asks the service for predictions.
    run: |
      python3 - \${{ tasks.serve.outputs.url }} <<'PYTHON'
      import json, sys, time, urllib.request
      for number in range(40):
          body = json.dumps({'x': number / 10}).encode()
          urllib.request.urlopen(urllib.request.Request(sys.argv[1] + '/predict', body), timeout=5).read()
          time.sleep(0.05)
      PYTHON
    cache: false
    timeout: 2m

  # What errs under traffic goes back to the release before. Seconds, so that it can be tried; take minutes or hours.
  watch:
    monitor:
      service: ${app}
      environment: ${environment}
      for: 15s
      min-requests: 10
      rules:
        - { rule: error-rate < 1%, over: 15s }
        - { rule: p95 < 1s, over: 15s }
      on-failure: rollback

  keep:
    needs: [watch, traffic]
    approval:
      prompt: "${app} answers at \${{ tasks.serve.outputs.url }}. Keep it?"
`;

function versionOf({ name, alias }: ModelPart): string {
  return alias === undefined ? name : `${name}@${alias}`;
}
