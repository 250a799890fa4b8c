import { parseDocuments, type DocumentProblem } from '@rackwright/documents';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Documents, RackDocument } from '@rackwright/client';
import { EXIT, failure } from '../exit-code.policy.js';

/** What was read, in the form it is sent, and where each document was written. */
export interface ReadDocuments {
  readonly documents: Documents;
  /** `site.yaml:12:5` of a pointer into a document. */
  readonly place: (kind: string, name: string, pointer: string) => string | undefined;
}

/** One place in a file that is wrong. */
export interface PlacedProblem extends DocumentProblem {
  readonly file: string;
}

interface Source {
  readonly file: string;
  readonly text: string;
}

/** Reads files, folders (their .yaml, .yml and .json) and `-`. @throws AppError usage when one is missing */
export async function readSources(paths: readonly string[], readInput: () => Promise<string>): Promise<Source[]> {
  const sources: Source[] = [];
  for (const path of paths) {
    if (path === '-') sources.push({ file: '<stdin>', text: await readInput() });
    else sources.push(...filesOf(path).map((file) => ({ file, text: readFileSync(file, 'utf8') })));
  }
  if (sources.length === 0) throw failure(EXIT.usage, 'there is no document in what was given');
  return sources;
}

/** Checks all of it here, before anything is sent: what is wrong is said with its file, line and column. */
export function parseSources(sources: readonly Source[]): ReadDocuments | readonly PlacedProblem[] {
  const parsed = sources.map(({ file, text }) => ({ file, stream: parseDocuments(text) }));
  const problems = parsed.flatMap(({ file, stream }) =>
    [...stream.problems, ...stream.documents.flatMap((document) => document.problems)].map((problem) => ({
      ...problem,
      file,
    })),
  );
  if (problems.length > 0) return problems;
  const all = parsed.flatMap(({ file, stream }) => stream.documents.map((document) => ({ file, document })));
  const [only] = sources;
  return {
    // One file goes as it was written, so that the server knows its lines too.
    documents:
      sources.length === 1 && only !== undefined
        ? only.text
        : all.map(({ document }) => document.document as unknown as RackDocument),
    place: (kind, name, pointer) => {
      const found = all.find(({ document }) => document.kind === kind && document.name === name);
      const position = found?.document.at(pointer);
      return position === undefined ? found?.file : `${found?.file}:${position.line}:${position.column}`;
    },
  };
}

function filesOf(path: string): string[] {
  if (!existsSync(path)) throw failure(EXIT.usage, `there is no file ${path}`);
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => ['.yaml', '.yml', '.json'].includes(extname(name)))
    .sort()
    .map((name) => join(path, name));
}
