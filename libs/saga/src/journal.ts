/** What a failed attempt said. `final` marks one that trying again cannot change. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly final?: boolean;
  readonly details?: Record<string, unknown>;
}

export interface FanOutItem {
  readonly key: string;
  readonly value: unknown;
}

export type OperatorVerb = 'retry' | 'mark-done' | 'abandon';

/** Why a saga stands still, what is known, and what nobody can tell: the text an operator decides from. */
export interface StuckReport {
  readonly code: string;
  readonly reason: string;
  /** Message-key form of what it stands at: `fence-source[srv_1]`, `undo:reserve-server`. */
  readonly at?: string;
  readonly known: readonly string[];
  readonly unknown: readonly string[];
}

/** How a saga may be closed. `abandoned` is a stuck one whose former holders were proven inert. */
export type ClosedStatus = 'done' | 'undone' | 'abandoned';
export type SagaStatus = 'open' | 'stuck' | ClosedStatus;

interface Unit {
  readonly step: string;
  readonly item?: string;
  readonly attempt: number;
}

interface Sent {
  readonly dueAt: string;
  readonly summary: string;
}

/** One thing that happened to a saga, before it has its place in the journal. */
export type JournalFact =
  | {
      readonly event: 'started';
      readonly data: {
        readonly saga: string;
        readonly version: number;
        readonly input: unknown;
        readonly actor?: string;
      };
    }
  | { readonly event: 'step-skipped'; readonly step: string }
  | {
      readonly event: 'step-fanned-out';
      readonly step: string;
      readonly data: { readonly items: readonly FanOutItem[] };
    }
  | (Unit & { readonly event: 'step-sent' | 'undo-sent'; readonly data: Sent })
  | (Unit & {
      readonly event: 'step-done' | 'undo-done';
      readonly data: { readonly result: unknown; readonly by?: string };
    })
  | (Unit & {
      readonly event: 'step-refused' | 'step-unknown' | 'undo-refused' | 'undo-unknown';
      readonly data: Failure;
    })
  | { readonly event: 'epoch-raised'; readonly step: string; readonly data: { readonly to: number } }
  | { readonly event: 'point-of-no-return' }
  | { readonly event: 'cancelled'; readonly data: { readonly actor: string; readonly reason: string } }
  | { readonly event: 'going-back' | 'turned'; readonly data: { readonly because: string } }
  | { readonly event: 'stuck'; readonly data: StuckReport }
  | {
      readonly event: 'resumed';
      readonly data: {
        readonly verb: OperatorVerb;
        readonly actor: string;
        readonly reason: string;
        /** Steps that run again, because what they proved is old. */
        readonly again?: readonly string[];
      };
    }
  | { readonly event: 'ended'; readonly data: { readonly end: ClosedStatus } };

export type JournalEventName = JournalFact['event'];

/**
 * A fact in its place. `(saga, step, item, epoch, attempt, event)` is unique, so a repeated insert is harmless;
 * `sequence` counts 1, 2, 3… per saga and is the compare-and-set.
 */
export type JournalRow = JournalFact & {
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly epoch: number;
  /** Number of the attempt; for rows that belong to no attempt, the how-maniest of its kind it is. */
  readonly attempt: number;
};

/** One saga's journal, oldest row first. */
export interface SagaJournal {
  readonly sagaId: string;
  readonly rows: readonly JournalRow[];
}

/** The identity of a message to a participant; its message id is derived from it. */
export interface SagaMessageKey {
  readonly sagaId: string;
  /** `reserve-server`, `fence-source[srv_1]` for one item, `undo:reserve-server` for an undo. */
  readonly step: string;
  readonly epoch: number;
  readonly attempt: number;
}

/** A unit of work: a step, or one item of a step that fans out, forwards or undone. */
export interface UnitRef {
  readonly step: string;
  readonly item?: string;
  readonly undo: boolean;
}

/** The text of a unit in message keys, see {@link SagaMessageKey}. */
export function unitKey({ step, item, undo }: UnitRef): string {
  return `${undo ? 'undo:' : ''}${step}${item === undefined ? '' : `[${item}]`}`;
}

/** The reverse of {@link unitKey}; undefined for text that is none. */
export function parseUnitKey(text: string): UnitRef | undefined {
  const match = /^(undo:)?([a-z0-9-]+)(?:\[([^[\]]+)\])?$/.exec(text);
  if (match?.[2] === undefined) return undefined;
  return { step: match[2], undo: match[1] !== undefined, ...(match[3] !== undefined && { item: match[3] }) };
}
