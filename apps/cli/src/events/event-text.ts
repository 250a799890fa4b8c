import type { ApiEvent } from '@rackwright/client';
import { plain } from '../output/style.js';

/** One event on one line: sequence, time, type, and what it says, shortest facts first. */
export function eventText(event: ApiEvent): string {
  const body = recordOf(event.data);
  const data = recordOf(body['data'] ?? body);
  const time = typeof body['time'] === 'string' ? body['time'] : '';
  const facts = Object.entries(data)
    .filter(([key, value]) => value !== undefined && !['type', 'id', 'time', 'evidence'].includes(key))
    .map(([key, value]) => `${plain(key)}=${plain(value)}`);
  return [event.id ?? '-', time, plain(event.type), ...facts].filter((part) => part !== '').join('  ');
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : { value };
}
