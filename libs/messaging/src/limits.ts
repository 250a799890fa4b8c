/** How much, how often, how long. Every number has a default that suits one machine and a cluster alike. */
export interface MessagingLimits {
  /** Items and bytes of one batch. The server's `max_payload` must be above `batchBytesMax`. */
  readonly batchItemsMax: number;
  readonly batchBytesMax: number;
  /** One item, checked by sender and receiver. */
  readonly itemBytesMax: number;
  /** Batches of one subject that may wait for their receipt at once. */
  readonly batchesInFlightMax: number;
  /** Rows a sender holds in memory; more stay in PostgreSQL until the sweeper fetches them. */
  readonly senderRowsMax: number;
  /** How long a sender waits for a receipt. */
  readonly receiptTimeoutMs: number;
  /** Items waiting in a receiver before it answers "busy". */
  readonly intakeItemsMax: number;
  /** Items taken into one transaction, and how many such transactions run at once. */
  readonly intakeTransactionItemsMax: number;
  readonly intakeTransactions: number;
  /** Failures of a handler for one message before it is parked. */
  readonly handlerAttemptsMax: number;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  readonly sweepIntervalMs: number;
  readonly housekeepingIntervalMs: number;
  /** How long the inbox remembers; a repeat that comes later would be taken for new. */
  readonly inboxRetentionMs: number;
  /** How long events stay in PostgreSQL for refilling the stream. Keep it below `inboxRetentionMs`. */
  readonly eventRetentionMs: number;
  /** How often the stream is compared with what PostgreSQL says was published. */
  readonly streamCheckIntervalMs: number;
  readonly streamBytesMax: number;
  readonly streamAgeMaxMs: number;
  /** Copies of the stream in a cluster. */
  readonly streamReplicas: number;
}

const HOUR_MS = 3_600_000;

export const DEFAULT_LIMITS: MessagingLimits = {
  batchItemsMax: 256,
  batchBytesMax: 768 * 1024,
  itemBytesMax: 512 * 1024,
  batchesInFlightMax: 4,
  senderRowsMax: 20_000,
  receiptTimeoutMs: 3_000,
  intakeItemsMax: 20_000,
  intakeTransactionItemsMax: 512,
  intakeTransactions: 2,
  handlerAttemptsMax: 5,
  retryBaseMs: 200,
  retryMaxMs: 30_000,
  sweepIntervalMs: 1_000,
  housekeepingIntervalMs: 60_000,
  inboxRetentionMs: 14 * 24 * HOUR_MS,
  eventRetentionMs: 7 * 24 * HOUR_MS,
  streamCheckIntervalMs: 15_000,
  streamBytesMax: 512 * 1024 * 1024,
  streamAgeMaxMs: 7 * 24 * HOUR_MS,
  streamReplicas: 1,
};
