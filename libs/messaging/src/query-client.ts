import { headers } from '@nats-io/nats-core';
import { subjectOf, type InputOf, type QueryDefinition, type ResultOf } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import type { NatsLink } from './nats-link.js';
import { ACTOR_HEADER, ERROR_CODE_HEADER, TRACE_HEADER, type QueryProblem } from './query-wire.js';
import { currentTraceparent } from './tracing.js';

const DEFAULT_TIMEOUT_MS = 5_000;

export interface QueryOptions {
  /** Default 5 s. */
  readonly timeoutMs?: number;
  readonly actor?: string;
}

/** Asks other services. Queries change nothing, so asking again is always harmless. */
export class QueryClient {
  constructor(private readonly link: NatsLink) {}

  /**
   * @throws AppError of the answerer, with its code; `messaging.no-responders`, `messaging.no-answer` (time-out),
   * `messaging.disconnected`; `messaging.invalid-answer` when the answer is not what the query declares.
   */
  async query<Q extends QueryDefinition>(
    definition: Q,
    input: InputOf<Q>,
    options: QueryOptions = {},
  ): Promise<ResultOf<Q>> {
    const wireHeaders = headers();
    if (options.actor !== undefined) wireHeaders.set(ACTOR_HEADER, options.actor);
    const trace = currentTraceparent();
    if (trace !== undefined) wireHeaders.set(TRACE_HEADER, trace);
    const subject = subjectOf(definition);
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const reply = await this.link.request(subject, JSON.stringify(input), { timeoutMs, headers: wireHeaders });
    const body: unknown = parse(reply.string(), subject);
    if (reply.headers?.has(ERROR_CODE_HEADER)) throw problemError(body, subject);
    const parsed = definition.result.safeParse(body);
    if (!parsed.success) {
      throw new AppError('messaging.invalid-answer', `${subject} answered with something else than it declares`, {
        cause: parsed.error,
      });
    }
    return parsed.data as ResultOf<Q>;
  }
}

function parse(text: string, subject: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('messaging.invalid-answer', `${subject} did not answer in JSON`, { cause });
  }
}

function problemError(body: unknown, subject: string): AppError {
  const problem = body as Partial<QueryProblem> | null;
  const code = typeof problem?.code === 'string' ? problem.code : 'messaging.invalid-answer';
  const message = typeof problem?.message === 'string' ? problem.message : `${subject} refused`;
  return new AppError(code, message, problem?.details === undefined ? {} : { details: { ...problem.details } });
}
