import { z } from 'zod';

export interface TgtConnection {
  readonly sid: number;
  readonly cid: number;
  readonly initiator: string;
}

export interface TgtLun {
  readonly lun: number;
  readonly type: string;
  readonly serial: string | undefined;
  readonly sizeMb: number | undefined;
  readonly path: string | undefined;
}

export interface TgtTarget {
  readonly tid: number;
  readonly name: string;
  readonly luns: readonly TgtLun[];
  /** Initiator names, addresses or `ALL`, as the daemon lists them. */
  readonly acl: readonly string[];
  readonly connections: readonly TgtConnection[];
}

interface Node {
  readonly text: string;
  readonly children: Node[];
}

const INDENT = 4;
const MAX_LINES = 200_000;

/** Lines by their indent of four; undefined when a line jumps a level: initiators choose parts of this text. */
function treeOf(text: string): Node[] | undefined {
  const root: Node[] = [];
  const open: Node[][] = [root];
  const lines = text.split('\n');
  if (lines.length > MAX_LINES) return undefined;
  for (const line of lines) {
    const body = line.trim();
    if (body === '') continue;
    const indent = line.length - line.trimStart().length;
    const siblings = open[indent / INDENT];
    if (indent % INDENT !== 0 || siblings === undefined) return undefined;
    const node: Node = { text: body, children: [] };
    siblings.push(node);
    open.length = indent / INDENT + 1;
    open.push(node.children);
  }
  return root;
}

function section(nodes: readonly Node[], title: string): readonly Node[] | undefined {
  const found = nodes.filter((node) => node.text === `${title}:`);
  return found.length === 1 ? found[0]?.children : undefined;
}

function field(nodes: readonly Node[], name: string): string | undefined {
  const found = nodes.filter((node) => node.text.startsWith(`${name}: `));
  return found.length === 1 ? found[0]?.text.slice(name.length + 2).trim() : undefined;
}

function numberAfter(text: string, title: string): number | undefined {
  const parsed = z.coerce
    .number()
    .int()
    .nonnegative()
    .safeParse(text.startsWith(`${title}: `) ? text.slice(title.length + 2) : 'x');
  return parsed.data;
}

function lunOf(node: Node): TgtLun | undefined {
  const lun = numberAfter(node.text, 'LUN');
  const type = field(node.children, 'Type');
  if (lun === undefined || type === undefined) return undefined;
  const size = /^(\d+) MB/.exec(field(node.children, 'Size') ?? '');
  return {
    lun,
    type,
    serial: field(node.children, 'SCSI SN'),
    sizeMb: size ? Number(size[1]) : undefined,
    path: field(node.children, 'Backing store path'),
  };
}

function connectionsOf(node: Node): TgtConnection[] | undefined {
  const sid = numberAfter(node.text, 'I_T nexus');
  // `Initiator: NAME alias: ALIAS`; the alias is the initiator's own free text.
  const initiator = /^(\S+)/.exec(field(node.children, 'Initiator') ?? '')?.[1];
  const connections = node.children.filter((child) => child.text.startsWith('Connection: '));
  const cids = connections.map((child) => numberAfter(child.text, 'Connection'));
  if (sid === undefined || initiator === undefined || cids.includes(undefined)) return undefined;
  return cids.map((cid) => ({ sid, cid: cid ?? 0, initiator }));
}

function complete<T>(items: readonly (T | undefined)[]): T[] | undefined {
  const present = items.filter((item) => item !== undefined);
  return present.length === items.length ? present : undefined;
}

function targetOf(node: Node): TgtTarget | undefined {
  const head = /^Target (\d{1,9}): (\S{1,255})$/.exec(node.text);
  const nexuses = section(node.children, 'I_T nexus information');
  const lunNodes = section(node.children, 'LUN information');
  const aclNodes = section(node.children, 'ACL information');
  if (!head || !nexuses || !lunNodes || !aclNodes) return undefined;
  const luns = complete(lunNodes.map(lunOf));
  const connections = complete(nexuses.map(connectionsOf));
  if (!luns || !connections) return undefined;
  return {
    tid: Number(head[1]),
    name: head[2] ?? '',
    luns,
    acl: aclNodes.map((entry) => entry.text),
    connections: connections.flat(),
  };
}

/**
 * Reads `tgtadm --op show --mode target`. Undefined when the text is not exactly of the known shape, or names a target
 * twice: a guess about who may reach a volume is worth nothing.
 */
export function parseTargets(text: string): readonly TgtTarget[] | undefined {
  const targets = treeOf(text)?.map(targetOf);
  const all = targets && complete(targets);
  if (!all) return undefined;
  const unique = new Set(all.map((target) => target.tid)).size === all.length;
  return unique && new Set(all.map((target) => target.name)).size === all.length ? all : undefined;
}

/** Reads `tgtadm --op show --mode conn --tid N`; undefined when it is not of the known shape. */
export function parseConnections(text: string): readonly TgtConnection[] | undefined {
  const tree = treeOf(text);
  const sessions = tree?.map((session): TgtConnection[] | undefined => {
    const sid = numberAfter(session.text, 'Session');
    const connections = session.children.map((child) => {
      const cid = numberAfter(child.text, 'Connection');
      const initiator = /^(\S+)/.exec(field(child.children, 'Initiator') ?? '')?.[1];
      return cid === undefined || initiator === undefined ? undefined : { cid, initiator };
    });
    const known = complete(connections);
    return sid === undefined || !known ? undefined : known.map((connection) => ({ sid, ...connection }));
  });
  return sessions && complete(sessions)?.flat();
}
