/** Where this library tells what happens. `details` are for machines; the message alone must make sense to a person. */
export interface MessagingLog {
  info(message: string, details?: Record<string, unknown>): void;
  warn(message: string, details?: Record<string, unknown>): void;
  error(message: string, details?: Record<string, unknown>): void;
}

export const SILENT_LOG: MessagingLog = { info: () => undefined, warn: () => undefined, error: () => undefined };
