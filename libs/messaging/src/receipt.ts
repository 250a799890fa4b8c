/**
 * The reply to a batch. "Taken" means committed in the receiver's inbox, together with its effect or its operation row.
 * Whatever is in neither list was taken.
 */
export interface Receipt {
  /** Will never be taken as it is: the sender parks it and alarms instead of sending it for ever. */
  readonly refused: readonly ReceiptEntry[];
  /** Not taken this time (a handler failed, the intake is full): send it again after a while. */
  readonly later: readonly ReceiptEntry[];
  /** The batch could not even be read; nothing of it was taken. The sender tries its items one by one. */
  readonly unreadable?: ReceiptEntry;
}

export interface ReceiptEntry {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

/** Codes in negative receipts and in the `code` of what is parked. */
export const REFUSALS = {
  malformed: 'messaging.malformed',
  unknownMessage: 'messaging.unknown-message',
  invalidInput: 'messaging.invalid-input',
  oversized: 'messaging.oversized',
  handlerFailed: 'messaging.handler-failed',
  invalidOutcome: 'messaging.invalid-outcome',
  busy: 'messaging.busy',
} as const;

export const ALL_TAKEN: Receipt = { refused: [], later: [] };

/** Wire form; an empty payload says that all was taken, which is nearly always. */
export function encodeReceipt(receipt: Receipt): string {
  if (receipt.refused.length === 0 && receipt.later.length === 0 && receipt.unreadable === undefined) return '';
  return JSON.stringify(receipt);
}

/** Undefined when the reply is no receipt: then it proves nothing and the batch is sent again. */
export function decodeReceipt(text: string): Receipt | undefined {
  if (text === '') return ALL_TAKEN;
  try {
    const value = JSON.parse(text) as Partial<Receipt>;
    if (!Array.isArray(value.refused) || !Array.isArray(value.later)) return undefined;
    if (![...value.refused, ...value.later].every(isEntry)) return undefined;
    return value as Receipt;
  } catch {
    return undefined;
  }
}

function isEntry(entry: unknown): entry is ReceiptEntry {
  const candidate = entry as ReceiptEntry | null;
  return (
    typeof candidate?.id === 'string' && typeof candidate.code === 'string' && typeof candidate.message === 'string'
  );
}
