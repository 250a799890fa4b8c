import { readFileSync } from 'node:fs';
import { AppError } from '@rackwright/kernel';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { siteSchema, type SiteFile } from './site-schema.js';

/** One thing wrong with a site file, where it is. */
export interface SiteFault {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
}

/** Reads a site file from disk. Throws `sim.invalid-site` with every fault, its line and column. */
export function loadSiteFile(path: string): SiteFile {
  return parseSite(readFileSync(path, 'utf8'), path);
}

/** Reads a site file from its text. Throws `sim.invalid-site`. */
export function parseSite(text: string, source = 'site file'): SiteFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const syntax = document.errors.map((error) => {
    const at = lines.linePos(error.pos[0]);
    return { line: at.line, column: at.col, path: '', message: error.code };
  });
  if (syntax.length > 0) throw invalid(source, syntax);
  const parsed = siteSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw invalid(
    source,
    parsed.error.issues.flatMap((issue) => faultsOf(issue, document, lines)),
  );
}

function invalid(source: string, faults: readonly SiteFault[]): AppError {
  const text = faults.map((fault) => `${source}:${fault.line}:${fault.column}: ${fault.path} ${fault.message}`);
  return new AppError('sim.invalid-site', text.join('\n'), { details: { faults } });
}

function faultsOf(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): readonly SiteFault[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      return {
        ...positionOf([...path, key], document, lines),
        path: [...path, key].join('.'),
        message: 'unknown field',
      };
    });
  }
  return [{ ...positionOf(path, document, lines), path: path.join('.'), message: issue.message }];
}

/** Line and column of a value, or of the nearest thing around it when it is missing. */
function positionOf(
  path: readonly (string | number)[],
  document: Document,
  lines: LineCounter,
): { readonly line: number; readonly column: number } {
  for (let depth = path.length; depth >= 0; depth--) {
    const offset = offsetOf(path.slice(0, depth), document);
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  }
  return { line: 1, column: 1 };
}

function offsetOf(path: readonly (string | number)[], document: Document): number | undefined {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const last = path.at(-1);
  if (isMap(parent) && last !== undefined) {
    const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === last);
    if (pair && isNode(pair.key)) return (pair.key as Node).range?.[0];
  }
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node.range?.[0] : undefined;
}
