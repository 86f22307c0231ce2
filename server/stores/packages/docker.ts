/** A package as a build context for container tools: its files in `app/`, and a Dockerfile beside them. */
import { shellWord } from '../../base/shell-word.js';
import type { PackageManifest } from './types.js';

const DEFAULT_PORT = 8080;

/** The text of the Dockerfile; or, as `problem`, why there can be none. */
export function dockerfile(
  manifest: PackageManifest,
  version: string,
): { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string } {
  const { name, python, requirements, setup, env, secrets, entrypoint, health } = manifest;
  const port = manifest.port ?? DEFAULT_PORT;
  const broken = Object.entries({ ...env, entrypoint }).find(([, value]) => /[\r\n\0]/.test(value));
  if (broken !== undefined) {
    return { ok: false, problem: `${broken[0]} has a line break, which a Dockerfile can't hold` };
  }
  const isPython = python !== undefined || requirements !== undefined || entrypoint.startsWith('python');
  const lines = [
    `# ${name} ${version}, exported by Modelyard.`,
    `FROM ${isPython ? `python:${imageTag(python)}` : 'debian:stable-slim'}`,
    'WORKDIR /app',
  ];
  if (!isPython) {
    lines.push(
      'RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*',
    );
  }
  lines.push(
    'RUN useradd --system --create-home app && chown app /app',
    'COPY --chown=app app/ /app/',
    'USER app',
  );
  if (requirements !== undefined && setup.length === 0) {
    lines.push(`RUN pip install --no-cache-dir --user -r ${shellWord(requirements)}`);
  }
  for (const command of setup) lines.push(`RUN ${JSON.stringify(['sh', '-e', '-c', command])}`);
  for (const [key, value] of Object.entries(env)) lines.push(`ENV ${key}=${envValue(value)}`);
  lines.push(`ENV PORT=${port}`, `EXPOSE ${port}`);
  const path = health.ready ?? health.live;
  if (path !== undefined) {
    // The port is read when the check runs: whoever starts the container may have set another one.
    const url = `http://127.0.0.1:$PORT${path}`;
    const check = isPython
      ? `python3 -c "import os,urllib.request as u;u.urlopen('http://127.0.0.1:'+os.environ['PORT']+'${path.replace(/['\\$"`]/g, '')}')"`
      : `curl -fsS ${shellWord(url).replace('$PORT', `'"$PORT"'`)} -o /dev/null`;
    lines.push(`HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ${check}`);
  }
  if (manifest.model !== undefined) {
    lines.push(
      `# Mount a version of the model ${manifest.model} and say where: -v DIR:/model -e MODELYARD_MODEL_PATH=/model/FILE`,
    );
  }
  if (secrets.length > 0)
    lines.push(`# Give its secrets when you run it: ${secrets.map((one) => `-e ${one}`).join(' ')}`);
  lines.push(`CMD ${JSON.stringify(['sh', '-e', '-c', entrypoint])}`);
  return { ok: true, text: `${lines.join('\n')}\n` };
}

/** `3.11` → `3.11-slim`; what is no version is the newest. */
function imageTag(python: string | undefined): string {
  return python !== undefined && /^\d+(\.\d+){0,2}$/.test(python) ? `${python}-slim` : '3-slim';
}

function envValue(text: string): string {
  return `"${text.replace(/[\\"$]/g, '\\$&')}"`;
}
