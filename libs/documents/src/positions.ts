import { isMap, isNode, isPair, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

/** Where something is written; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Where the value at a JSON pointer is written: the field's name when the last step is a field of an object, the item
 * itself in a list. Of something that is missing, the nearest thing around it.
 */
export function positionOf(node: Node, pointer: string, lines: LineCounter): Position | undefined {
  let offset = node.range?.[0];
  let current: unknown = node;
  for (const step of pointer.split('/').slice(1).map(unescapeStep)) {
    if (isMap(current)) {
      const pair = current.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === step);
      if (pair === undefined) break;
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
      current = pair.value;
    } else if (isSeq(current)) {
      current = current.items[Number(step)];
      offset = isNode(current) ? current.range?.[0] : offset;
    } else break;
  }
  if (offset === undefined) return undefined;
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function unescapeStep(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A JSON pointer (RFC 6901) of the steps. */
export function pointerOf(steps: readonly PropertyKey[]): string {
  return steps.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
