import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** One answer of a captured service. */
export interface CapturedResource {
  readonly status: number;
  readonly body: Buffer;
  readonly contentType: string;
  readonly etag: string;
}

const INDEX_FILES = ['index.json', 'index.xml', 'index.html'] as const;

/** Where the service root of a capture lies: the folder itself, or `redfish/v1` inside it (as DMTF's mockups are zipped). */
export function serviceRootOf(folder: string): string | undefined {
  const candidates = [join(folder, 'redfish', 'v1'), join(folder, 'v1'), folder];
  return candidates.find((candidate) => existsSync(join(candidate, 'index.json')));
}

/** Exact name first, then a name that differs in case only: captures hold links in other case than their folders (iLO `systems/1/bios`). */
function childOf(folder: string, name: string): string | undefined {
  const exact = join(folder, name);
  if (existsSync(exact)) return exact;
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return undefined;
  const found = readdirSync(folder).find((entry) => entry.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : join(folder, found);
}

/** The file that answers `GET /redfish/v1/<segments>`; undefined when the capture has none. Never leaves `root`. */
function fileOf(root: string, segments: readonly string[]): string | undefined {
  let folder: string | undefined = resolve(root);
  for (const segment of segments) {
    if (segment === '.' || segment === '..' || /[/\\\0]/.test(segment)) return undefined;
    folder = folder === undefined ? undefined : childOf(folder, segment);
  }
  if (folder === undefined) return undefined;
  if (statSync(folder).isFile()) return folder;
  return INDEX_FILES.map((name) => join(folder, name)).find((file) => existsSync(file));
}

function contentTypeOf(file: string): string {
  if (file.endsWith('.xml')) return 'application/xml';
  return file.endsWith('.html') ? 'text/html' : 'application/json;charset=utf-8';
}

/** A crawler saves error bodies like any other; the status it saw is given back by the kind of message. */
function statusOf(json: Record<string, unknown> | undefined): number {
  if (json === undefined || typeof json['error'] !== 'object' || json['@odata.id'] !== undefined) return 200;
  return JSON.stringify(json).includes('ResourceMissingAtURI') ? 404 : 500;
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(body.toString('utf8'));
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Reads what the capture answers at these path segments below the service root. */
export function readCaptured(root: string, segments: readonly string[]): CapturedResource | undefined {
  const file = fileOf(root, segments);
  if (file === undefined) return undefined;
  const body = readFileSync(file);
  const json = file.endsWith('.json') ? parse(body) : undefined;
  const own = json?.['@odata.etag'];
  const etag =
    typeof own === 'string' && own !== '' ? own : `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
  return { status: statusOf(json), body, contentType: contentTypeOf(file), etag };
}
