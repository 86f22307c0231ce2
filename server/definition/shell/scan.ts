/**
 * What can be told of a shell script without running it: variables that it uses and sets, pipes, lists. Just far enough
 * for hints: where it is in doubt, it says nothing.
 */

export interface ScannedScript {
  /** Variables that it reads and nobody in it sets, each once, in the order of the text. */
  readonly variables: readonly string[];
  /** Lines outside of quotes, brackets and here-documents, without comments; what stands in quotes is `_`. */
  readonly lines: readonly string[];
}

const NOTHING: ScannedScript = { variables: [], lines: [] };

/** Where variables come and go in ways that a text doesn't show. */
const DOUBTFUL = /(^|[\s;&|(])(eval|source|envsubst|\.)\s/m;
const SETS = /(?:^|[\s;&|(`])([A-Za-z_]\w*)(?:\[[^\]]{0,200}\])?\+?=/g;
const LOOPS = /\b(?:for|select)\s+([A-Za-z_]\w*)/g;
const DECLARES =
  /\b(?:read|export|local|declare|typeset|readonly|mapfile|readarray|getopts|unset|let|printf\s+-v)\b([^\n;&|)]*)/g;
const USES = /\$(?:\{[#!]?([A-Za-z_]\w*)|([A-Za-z_]\w*))/g;
const PRINTS = /\bprintenv\s+([A-Za-z_]\w*)/g;
const DEFAULTS = /\$\{([A-Za-z_]\w*):?=/g;

/** @param script with a harmless word in the place of each expression */
export function scanScript(script: string): ScannedScript {
  const { visible, bare } = cleaned(script);
  if (DOUBTFUL.test(bare)) return NOTHING;
  const set = new Set<string>();
  for (const pattern of [SETS, LOOPS, DEFAULTS]) {
    for (const [, name = ''] of visible.matchAll(pattern)) set.add(name);
  }
  for (const [, rest = ''] of visible.matchAll(DECLARES)) {
    for (const [name] of rest.matchAll(/[A-Za-z_]\w*/g)) set.add(name);
  }
  const used = [USES, PRINTS].flatMap((pattern) =>
    [...visible.matchAll(pattern)].map(([, braced, plain]) => braced ?? plain ?? ''),
  );
  return {
    variables: [...new Set(used)].filter((name) => !set.has(name)),
    lines: bare.split('\n').map((line) => line.trim()),
  };
}

/** The text without what is no code: `visible` keeps what is in double quotes, `bare` keeps no quoted text and no brackets. */
function cleaned(script: string): { readonly visible: string; readonly bare: string } {
  let visible = '';
  let bare = '';
  let depth = 0;
  let double = false;
  const documents: { readonly end: string; readonly quoted: boolean }[] = [];
  for (let at = 0; at < script.length; at++) {
    const char = script.charAt(at);
    const start = at === 0 || /[\s;&|()]/.test(script.charAt(at - 1));
    if (char === '\\') {
      visible += '__';
      if (script.charAt(at + 1) === '\n') bare += ' ';
      else if (depth === 0) bare += '_';
      at++;
    } else if (double) {
      visible += char;
      if (char === '"') double = false;
    } else if (char === "'") {
      const end = script.indexOf("'", at + 1);
      visible += '_';
      if (depth === 0) bare += '_';
      at = end < 0 ? script.length : end;
    } else if (char === '"') {
      double = true;
      visible += char;
      if (depth === 0) bare += '_';
    } else if (char === '#' && start) {
      const end = script.indexOf('\n', at);
      at = (end < 0 ? script.length : end) - 1;
    } else if (char === '\n') {
      for (const { end, quoted } of documents.splice(0)) {
        const found = new RegExp(`\\n\\t*${end}(?=\\n|$)`).exec(script.slice(at));
        const body = script.slice(at, found === null ? undefined : at + found.index);
        if (!quoted) visible += body;
        at = found === null ? script.length : at + found.index + found[0].length;
      }
      visible += '\n';
      if (depth === 0) bare += '\n';
    } else {
      const document = char === '<' ? /^<<-?[ \t]*(['"\\]?)([A-Za-z_]\w*)['"]?/.exec(script.slice(at)) : null;
      if (document?.[2] !== undefined) documents.push({ end: document[2], quoted: document[1] !== '' });
      const skipped = document?.[0] ?? char;
      visible += skipped;
      if (/[({]/.test(char)) depth++;
      if (depth === 0) bare += skipped;
      if (/[)}]/.test(char)) depth = Math.max(0, depth - 1);
      at += skipped.length - 1;
    }
  }
  return { visible, bare };
}
