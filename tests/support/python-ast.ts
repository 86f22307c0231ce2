/** CPython's own word on what a source is: its syntax tree, docstrings aside. */
import { spawnSync } from 'node:child_process';

const ASK = `
import ast, hashlib, io, json, sys, tokenize, warnings
warnings.simplefilter("ignore")

def dump(source):
    try:
        tree = ast.parse(source.encode("utf-8", "surrogatepass"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if ast.get_docstring(node, clean=False) is not None:
                del node.body[0]
    return hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogatepass")).hexdigest()

def bare(source):
    """The same code, laid out anew and without comments."""
    try:
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        return tokenize.untokenize([t[:2] for t in tokens if t.type not in (tokenize.COMMENT, tokenize.NL)])
    except (tokenize.TokenError, SyntaxError):
        return None

json.dump([{"dump": dump, "bare": bare}[sys.argv[1]](one) for one in json.load(sys.stdin)], sys.stdout)
`;

function ask(what: 'dump' | 'bare', sources: readonly string[]): (string | null)[] {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', ASK, what], {
    input: JSON.stringify(sources),
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as (string | null)[];
}

/** A hash of `ast.dump` of each, without docstrings; `null` where Python takes it for no code. */
export const astOf = (sources: readonly string[]): (string | null)[] => ask('dump', sources);

/** Each without comments and laid out as `tokenize` does it; `null` where it can't. */
export const laidOutAnew = (sources: readonly string[]): (string | null)[] => ask('bare', sources);
