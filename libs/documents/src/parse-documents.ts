import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { checkDocument } from './check-document.js';
import { KINDS, type RackDocument } from './kinds.schema.js';
import { positionOf, type Position } from './positions.js';

/** What is wrong, and where. `path` is a JSON pointer into the document. */
export interface DocumentProblem extends Partial<Position> {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** One document of a stream, or what is wrong with it. */
export interface ParsedDocument {
  /** Place in the stream, from 0. */
  readonly index: number;
  /** As written, also when the rest is wrong. */
  readonly kind?: string;
  readonly name?: string;
  readonly document?: RackDocument;
  readonly problems: readonly DocumentProblem[];
  /** Where a pointer into this document is written. */
  readonly at: (path: string) => Position | undefined;
}

export interface ParsedStream {
  readonly documents: readonly ParsedDocument[];
  /** Wrong with the stream as a whole: it could not be read at all. */
  readonly problems: readonly DocumentProblem[];
}

export const LIMITS = { bytesMax: 1024 * 1024, depthMax: 32, aliasesMax: 50, documentsMax: 2_000 } as const;

/**
 * Reads a stream of YAML documents, or a JSON array of them (JSON is YAML). Never throws: everything wrong is a problem
 * with its line and column. Aliases are few and nesting is shallow by limit, so hostile text costs no more than its size.
 */
export function parseDocuments(text: string): ParsedStream {
  if (new TextEncoder().encode(text).length > LIMITS.bytesMax) {
    return failed('too-large', `the documents are larger than ${LIMITS.bytesMax} bytes; split them`);
  }
  const lines = new LineCounter();
  const roots = readStream(text, lines);
  if (!Array.isArray(roots)) return { documents: [], problems: [roots] };
  const errors = roots.flatMap((root) => root.errors);
  if (errors.length > 0) {
    return {
      documents: [],
      problems: errors.slice(0, 20).map(({ message, pos: [offset] }) => ({
        ...positionAt(lines, offset),
        path: '',
        code: 'syntax',
        message: (message.split('\n')[0] ?? message).replace(/ at line \d+, column \d+:?$/, ''),
      })),
    };
  }
  const entries = roots.flatMap((root) => entriesOf(root));
  if (entries.length > LIMITS.documentsMax)
    return failed('too-many-documents', `at most ${LIMITS.documentsMax} documents go at once`);
  if (entries.length === 0) return failed('empty', 'there is no document');
  return { documents: markDuplicates(entries.map((entry, index) => readEntry(entry, index, lines))), problems: [] };
}

/** Documents in the order in which they can be applied: what is referred to comes first; ties stay as written. Pure. */
export function inDependencyOrder<T extends { readonly kind: string }>(documents: readonly T[]): T[] {
  const rank = new Map<string, number>(KINDS.map((kind, index) => [kind, index]));
  return [...documents].sort((left, right) => (rank.get(left.kind) ?? 0) - (rank.get(right.kind) ?? 0));
}

const BRACKETS_MAX = 100;
const PROBLEMS_MAX = 50;
/** The parser's own search for repeated keys compares each with each; ours below takes a set. */
const READING = { prettyErrors: false, schema: 'core', merge: false, uniqueKeys: false } as const;

interface Entry {
  readonly root: Document.Parsed;
  readonly node: Node;
}

function readStream(text: string, lines: LineCounter): Document.Parsed[] | DocumentProblem {
  const deep = tooDeep(text);
  if (deep !== undefined) return problemAt('too-deep', `nested deeper than ${LIMITS.depthMax} levels`, deep);
  try {
    const parsed = parseAllDocuments(text, { lineCounter: lines, ...READING });
    const roots = [...parsed] as Document.Parsed[];
    for (const root of roots) {
      let aliases = 0;
      let problem: DocumentProblem | undefined;
      visit(root, {
        Alias: (_key, node) => {
          if (++aliases <= LIMITS.aliasesMax) return undefined;
          problem = problemAt('too-many-aliases', `more than ${LIMITS.aliasesMax} aliases`, {
            ...positionAt(lines, node.range?.[0] ?? 0),
          });
          return visit.BREAK;
        },
        Node: (_key, node, path) => {
          const twice = isMap(node) ? repeatedKey(node) : undefined;
          if (twice !== undefined) {
            const position = positionAt(lines, twice.range?.[0] ?? 0);
            problem = problemAt('duplicate-field', `${String(twice.value)} is written twice`, position);
            return visit.BREAK;
          }
          if (path.length <= LIMITS.depthMax * 2) return undefined;
          problem = problemAt('too-deep', `nested deeper than ${LIMITS.depthMax} levels`);
          return visit.BREAK;
        },
      });
      if (problem !== undefined) return problem;
    }
    return roots;
  } catch {
    // The composer is recursive: what overflows it is nested far deeper than anything we read.
    return problemAt('too-deep', `nested deeper than ${LIMITS.depthMax} levels`);
  }
}

/**
 * Looks for nesting that only a bomb has, before the parser spends time on it: brackets that are opened and never
 * closed, or long runs of block indicators. Brackets in quotes count too: nobody writes a hundred of them unbalanced.
 */
function tooDeep(text: string): Position | undefined {
  let depth = 0;
  for (let offset = 0; offset < text.length; offset++) {
    const character = text[offset];
    if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') depth = Math.max(0, depth - 1);
    if (depth > BRACKETS_MAX) return lineOf(text, offset);
  }
  const match = /(?:[-?:][ \t\n]+){40}|(?:- [^\s]{1,40}: ){10}/.exec(text);
  return match === null ? undefined : lineOf(text, match.index);
}

function lineOf(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function entriesOf(root: Document.Parsed): Entry[] {
  const { contents } = root;
  if (contents === null) return [];
  if (isSeq(contents)) return contents.items.map((node) => ({ root, node: node as Node }));
  return isEmptyNode(root) ? [] : [{ root, node: contents }];
}

function repeatedKey(map: YAMLMap): Scalar | undefined {
  const seen = new Set<unknown>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) return key;
    seen.add(key.value);
  }
  return undefined;
}

/** A lone comment or `---` is no document. */
function isEmptyNode(root: Document.Parsed): boolean {
  return !isMap(root.contents) && (root.toJS() as unknown) === null;
}

function readEntry({ root, node }: Entry, index: number, lines: LineCounter): ParsedDocument {
  const at = (path: string): Position | undefined => positionOf(node, path, lines);
  let value: unknown;
  try {
    value = node.toJS(root, { maxAliasCount: LIMITS.aliasesMax });
  } catch {
    const problem = problemAt('alias-bomb', 'aliases of this document expand too far', at(''));
    return { index, problems: [problem], at };
  }
  const { kind, name, document, problems } = checkDocument(value);
  return {
    index,
    at,
    problems: problems.slice(0, PROBLEMS_MAX).map(({ key, ...problem }) => ({
      ...problem,
      ...(at(key === undefined ? problem.path : `${problem.path}/${key}`) ?? {}),
    })),
    ...(kind !== undefined && { kind }),
    ...(name !== undefined && { name }),
    ...(document !== undefined && { document }),
  };
}

function markDuplicates(documents: readonly ParsedDocument[]): ParsedDocument[] {
  const first = new Map<string, ParsedDocument>();
  return documents.map((parsed) => {
    if (parsed.kind === undefined || parsed.name === undefined) return parsed;
    const key = `${parsed.kind}/${parsed.name}`;
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, parsed);
      return parsed;
    }
    const line = earlier.at('/metadata/name')?.line ?? 0;
    const message = `${parsed.kind} ${parsed.name} is described already, on line ${line}`;
    const problem = problemAt('duplicate', message, parsed.at('/metadata/name'), '/metadata/name');
    return { ...parsed, problems: [...parsed.problems, problem] };
  });
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function problemAt(code: string, message: string, position?: Partial<Position>, path = ''): DocumentProblem {
  return { path, code, message, ...position };
}

function failed(code: string, message: string): ParsedStream {
  return { documents: [], problems: [{ path: '', code, message }] };
}
