/** What a batch is cut by. */
export interface BatchSize {
  readonly batchItemsMax: number;
  readonly batchBytesMax: number;
}

/**
 * Takes the front of `waiting` that fits into one message, at least one item. Removes what it takes.
 * An item alone above the limit still travels, alone: its own size was checked when it was made.
 */
export function takeBatch<T extends { readonly item: string }>(waiting: T[], size: BatchSize): T[] {
  let count = 0;
  let bytes = 2;
  for (const entry of waiting) {
    // Length in UTF-16 units times three bounds the UTF-8 bytes; exact only when it might matter.
    const cheap = entry.item.length * 3 + 1;
    const itemBytes = bytes + cheap > size.batchBytesMax ? Buffer.byteLength(entry.item) + 1 : cheap;
    if (count > 0 && (count >= size.batchItemsMax || bytes + itemBytes > size.batchBytesMax)) break;
    bytes += itemBytes;
    count++;
  }
  return waiting.splice(0, count);
}
