import { createHash } from 'node:crypto';

/**
 * What makes two sends of a saga step the same message. `epoch` is the epoch the command carries; `attempt` counts
 * deliberate new tries of the step (each is a new message), not re-sends of the same one.
 */
export interface MessageKey {
  readonly sagaId: string;
  readonly step: string;
  readonly epoch: number;
  readonly attempt?: number;
}

/**
 * The id of the message with this key on this subject: the same inputs give the same id on every machine and after
 * every restart, which is what makes a re-send harmless. The subject takes part, so that a step and its undo never meet.
 */
export function messageIdOf(subject: string, key: MessageKey): string {
  return `msg_${nameUuid(JSON.stringify([subject, key.sagaId, key.step, key.epoch, key.attempt ?? 0]))}`;
}

/** The id of the one outcome a command can have; a second, different outcome meets the first and is dropped. */
export function outcomeIdOf(commandId: string): string {
  return `msg_${nameUuid(JSON.stringify(['outcome', commandId]))}`;
}

/** A name-based UUID (RFC 9562, version 5 layout over SHA-1), in a name space of our own. */
function nameUuid(name: string): string {
  const bytes = createHash('sha1').update('rackwright.messaging/').update(name).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
