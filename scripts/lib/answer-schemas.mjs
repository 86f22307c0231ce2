// JSON Schemas of what commands print with --json, made from the types of server/cli/answers.ts: they can't differ.
import path from 'node:path';
import ts from 'typescript';

const SOURCE = 'server/cli/answers.ts';
/** What the webhook of a monitor gets. */
const WEBHOOK = { name: 'webhook', file: 'server/serving/monitor/alerts.ts', type: 'AlertEvent' };
/** Schemas that are no answer of a command. */
const OTHERS = new Set(['failure', WEBHOOK.name]);

/**
 * Name of an answer → its JSON Schema (2020-12).
 *
 * @param root absolute, of the repository
 * @param versionOf of the format of an answer, by its name
 */
export function answerSchemas(root, versionOf) {
  const config = path.join(root, 'tsconfig.json');
  const { options } = ts.getParsedCommandLineOfConfigFile(config, {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (problem) => { throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, '\n')); } }); // prettier-ignore
  // Of the types of Node none gets into an answer, and reading them takes as long as all the rest.
  const program = ts.createProgram([path.join(root, SOURCE)], { ...options, types: [] });
  const checker = program.getTypeChecker();
  const declared = (name, file = SOURCE) => {
    const source = program.getSourceFile(path.join(root, file));
    const found = source.statements.find((one) => one.name?.text === name);
    return checker.getTypeAtLocation(found);
  };
  const schemas = {};
  const add = (name, type, version) => {
    const defs = new Definitions(checker);
    const variants = inOrder(membersOf(type).map((one) => defs.object(one, version)));
    schemas[name] = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: `modelyard ${name} --json`,
      ...(variants.length === 1 ? variants[0] : { anyOf: variants }),
      ...defs.written(),
    };
  };
  for (const property of checker.getPropertiesOfType(declared('Answers'))) {
    add(property.name, checker.getTypeOfSymbol(property), versionOf(property.name));
  }
  add('failure', declared('Failure'), 1);
  schemas.failure.title = 'What a command that fails prints with --json';
  add(WEBHOOK.name, declared(WEBHOOK.type, WEBHOOK.file));
  schemas[WEBHOOK.name].title = 'What the webhook of a monitor gets';
  return schemas;
}

/** The pages of `docs/json/`, by path. */
export function answerPages(schemas) {
  const fileOf = (name) => `${name.replaceAll(' ', '-')}.schema.json`;
  const rows = Object.entries(schemas)
    .filter(([name]) => !OTHERS.has(name))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, schema]) => {
      const variants = schema.anyOf ?? [schema];
      const version = variants[0].properties.formatVersion.const;
      return `| [\`${name}\`](${fileOf(name)}) | ${version} | ${name === 'run' ? 'events, one a line' : variants.map(keys).join('<br>')} |`; // prettier-ignore
    });
  const index = `<!-- Made from the code by \`npm run docs\`. -->

# What \`--json\` prints

Every command that takes \`--json\` prints one JSON object, on one line of the standard output. \`modelyard run --json\` prints
one for each event, as it happens. \`run --dry --json\` prints what \`plan --json\` does, and \`approve --resume --json\` its answer and then the
events of the run.

- **\`formatVersion\`** comes first. A new key leaves it as it is; it is raised for an answer when a key goes or means something
  else. Readers should pass over keys that they don't know.
- **Exit codes** are those without \`--json\`.
- **A command that fails** before it has an answer prints [\`error\`](${fileOf('failure')}) instead: \`exitCode\`, \`message\`, and the
  \`findings\` of a definition that is not valid. After events it is the last line. Words for people are on the standard error.
- **\`applied\`** says of a command that changes something whether it did; with \`--dry\` it is false.
- Keys without a value are left out; \`null\` is a value. Times are ISO 8601 in UTC, sizes bytes, durations milliseconds. Numbers
  keep their digits: read them with a parser that does, if that matters.

| command | version | keys |
| --- | --- | --- |
${rows.join('\n')}

The **webhook** of a \`monitor\` task gets one JSON object by \`POST\` for each alert that is raised or cleared:
[its schema](${fileOf(WEBHOOK.name)}).
`;
  return {
    'docs/json/README.md': index,
    ...Object.fromEntries(
      Object.entries(schemas).map(([name, schema]) => [`docs/json/${fileOf(name)}`, `${JSON.stringify(schema, null, 2)}\n`]), // prettier-ignore
    ),
  };
}

/** Of an answer, without the version; optional ones with a question mark. */
function keys({ properties, required = [] }) {
  return Object.keys(properties)
    .filter((name) => name !== 'formatVersion')
    .map((name) => `\`${name}\`${required.includes(name) ? '' : '?'}`)
    .join(', ');
}

function inOrder(schemas) {
  return schemas
    .map((schema) => ({ schema, text: JSON.stringify(schema) }))
    .sort((one, other) => (one.text < other.text ? -1 : 1))
    .map(({ schema }) => schema);
}

function membersOf(type) {
  return type.isUnion() ? type.types : [type];
}

/** Types with a name are written once, below `$defs`. */
class Definitions {
  #checker;
  /** Symbol → name. */
  #names = new Map();
  #schemas = {};

  constructor(checker) {
    this.#checker = checker;
  }

  written() {
    const names = Object.keys(this.#schemas).sort();
    return names.length === 0 ? {} : { $defs: Object.fromEntries(names.map((name) => [name, this.#schemas[name]])) }; // prettier-ignore
  }

  /** @param version of the format, for an answer itself */
  object(type, version) {
    const properties = version === undefined ? {} : { formatVersion: { const: version } };
    const required = Object.keys(properties);
    for (const property of this.#properties(type)) {
      // Keys that are symbols, and methods, are not in JSON.
      if (property.name.startsWith('__@') || property.flags & ts.SymbolFlags.Method) continue;
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      const description = ts.displayPartsToString(property.getDocumentationComment(this.#checker)).replace(/\s+/g, ' '); // prettier-ignore
      const schema = this.#schema(this.#checker.getTypeOfSymbol(property), optional);
      properties[property.name] = { ...(description === '' ? {} : { description }), ...schema };
      if (!optional) required.push(property.name);
    }
    const others = this.#checker.getIndexTypeOfType(type, ts.IndexKind.String);
    return {
      type: 'object',
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(required.length === 0 ? {} : { required }),
      ...(others === undefined ? {} : { additionalProperties: this.#schema(others) }),
    };
  }

  /** As they are declared: of `Pick` and `Omit` the compiler gives them in an order that depends on other files. */
  #properties(type) {
    const parts = type.isIntersection() ? type.types : [type];
    const own = type.symbol?.declarations?.[0].getSourceFile().fileName;
    const rank = ({ declarations }) => {
      const [first] = declarations ?? [];
      const file = first?.getSourceFile().fileName ?? '';
      return [file === own ? '' : file, first?.pos ?? 0];
    };
    const names = parts.flatMap(
      (part) =>
      this.#checker
        .getPropertiesOfType(part)
        .map((property) => ({ name: property.name, rank: rank(property) }))
        .sort(({ rank: [file, at] }, { rank: [other, then] }) => (file === other ? at - then : file < other ? -1 : 1))
        .map(({ name }) => name), // prettier-ignore
    );
    return [...new Set(names)].map((name) => this.#checker.getPropertyOfType(type, name));
  }

  #schema(type, optional = false) {
    const { flags } = type;
    if (flags & ts.TypeFlags.StringLiteral || flags & ts.TypeFlags.NumberLiteral)
      return { const: type.value };
    if (flags & ts.TypeFlags.BooleanLiteral) return { const: this.#checker.typeToString(type) === 'true' };
    if (flags & ts.TypeFlags.StringLike) return { type: 'string' };
    if (flags & ts.TypeFlags.NumberLike) return { type: 'number' };
    if (flags & ts.TypeFlags.BooleanLike) return { type: 'boolean' };
    if (flags & ts.TypeFlags.Null) return { type: 'null' };
    if (type.isUnion()) {
      const alone = type.aliasSymbol !== undefined && type.aliasTypeArguments === undefined && !isJson(type);
      return alone ? this.#defined(type.aliasSymbol, () => this.#union(type, optional)) : this.#union(type, optional); // prettier-ignore
    }
    if (this.#checker.isTupleType(type)) {
      const items = this.#checker.getTypeArguments(type).map((one) => this.#schema(one));
      return { type: 'array', prefixItems: items, minItems: items.length, maxItems: items.length };
    }
    if (this.#checker.isArrayType(type)) {
      return { type: 'array', items: this.#schema(this.#checker.getTypeArguments(type)[0]) };
    }
    if (flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return this.#named(type);
    throw new Error(`${SOURCE}: ${this.#checker.typeToString(type)} has no JSON Schema`);
  }

  #union(type, optional) {
    const members = type.types.filter((one) => !(optional && one.flags & ts.TypeFlags.Undefined));
    if (isJson(type)) return {};
    const literals = members.filter((one) => one.flags & (ts.TypeFlags.StringLiteral | ts.TypeFlags.NumberLiteral)); // prettier-ignore
    const truths = members.filter((one) => one.flags & ts.TypeFlags.BooleanLiteral);
    const others = members.filter((one) => !literals.includes(one) && !truths.includes(one));
    const schemas = [
      ...(literals.length > 1 ? [{ enum: literals.map((one) => one.value).sort() }] : literals.map((one) => this.#schema(one))), // prettier-ignore
      ...(truths.length > 1 ? [{ type: 'boolean' }] : truths.map((one) => this.#schema(one))),
      // The compiler's order of them depends on what it has met before.
      ...inOrder(others.map((one) => this.#schema(one))),
    ];
    return schemas.length === 1 ? schemas[0] : { anyOf: schemas };
  }

  #named(type) {
    if (isNumeral(type)) return { type: ['number', 'string'] };
    const symbol = type.aliasSymbol ?? type.symbol;
    const own = symbol?.declarations?.some(
      (one) => ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one),
    );
    const generic = (type.aliasTypeArguments ?? type.typeArguments ?? []).length > 0;
    if (!own || generic) return this.object(type);
    return this.#defined(symbol, () => this.object(type));
  }

  #defined(symbol, make) {
    const known = this.#names.get(symbol);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    const taken = [...this.#names.values()];
    const name = taken.includes(symbol.name) ? `${symbol.name}${taken.length}` : symbol.name;
    this.#names.set(symbol, name);
    const description = ts.displayPartsToString(symbol.getDocumentationComment(this.#checker)).replace(/\s+/g, ' '); // prettier-ignore
    this.#schemas[name] = { ...(description === '' ? {} : { description }), ...make() };
    return { $ref: `#/$defs/${name}` };
  }
}

function isNumeral(type) {
  return type.symbol?.name === 'Numeral';
}

/** Any JSON value, with numbers that keep how they are written. */
function isJson(type) {
  return type.types.some(isNumeral);
}
