import { isAppError, messageOf } from '@rackwright/kernel';
import { Svcm, type Service, type ServiceMsg } from '@nats-io/services';
import type { NatsConnection } from '@nats-io/nats-core';
import { subjectOf, type QueryDefinition, type ServiceName } from '@rackwright/contracts';
import type { HandlerRegistry, QueryHandler } from './handlers.js';
import type { MessagingLog } from './messaging-log.js';
import { ACTOR_HEADER, TRACE_HEADER, statusOf, type QueryProblem } from './query-wire.js';
import { inTrace } from './tracing.js';

export interface QueryServiceParts {
  readonly service: ServiceName;
  readonly version: string;
  readonly registry: HandlerRegistry;
  readonly log: MessagingLog;
}

/**
 * Answers queries through the NATS services framework, so that `$SRV.PING`, `INFO` and `STATS` find every service, with
 * or without queries, and say what each endpoint is for. The framework's client is a pre-release; it is used only here.
 */
export class QueryService {
  private running: Service | undefined;
  private readonly work = new Set<Promise<void>>();

  constructor(private readonly parts: QueryServiceParts) {}

  async start(connection: NatsConnection): Promise<void> {
    const { service, version, registry, log } = this.parts;
    try {
      const running = await new Svcm(connection).add({
        name: service,
        version,
        description: `Rackwright ${service}`,
        queue: service,
      });
      this.running = running;
      for (const { definition, answer } of registry.queries.values()) this.add(running, definition, answer);
    } catch (error) {
      log.error(`cannot offer queries: ${messageOf(error)}`);
    }
  }

  async close(): Promise<void> {
    await this.running?.stop().catch(() => undefined);
    await Promise.allSettled(this.work);
  }

  private add(running: Service, definition: QueryDefinition, answer: QueryHandler): void {
    running.addEndpoint(`${definition.name}-v${definition.version}`, {
      subject: subjectOf(definition),
      metadata: {
        summary: definition.summary,
        schema: `${subjectOf(definition)}.json`,
        version: this.parts.version,
      },
      handler: (error, message) => {
        if (error) return this.parts.log.error(`cannot receive queries: ${messageOf(error)}`);
        const work = this.answer(definition, answer, message).finally(() => this.work.delete(work));
        this.work.add(work);
      },
    });
  }

  private async answer(definition: QueryDefinition, answer: QueryHandler, message: ServiceMsg): Promise<void> {
    try {
      const parsed = definition.input.safeParse(readJson(message));
      if (!parsed.success) {
        const issues = parsed.error.issues
          .slice(0, 20)
          .map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
        return refuse(message, {
          code: 'messaging.invalid-input',
          message: 'the input is not what the query declares',
          details: { issues },
        });
      }
      const actor = message.headers?.get(ACTOR_HEADER) || undefined;
      const trace = message.headers?.get(TRACE_HEADER) || undefined;
      const context = actor === undefined ? {} : { actor };
      const result = await inTrace(trace, message.subject, () => answer(parsed.data, context));
      message.respond(JSON.stringify(result ?? null));
    } catch (error) {
      if (isAppError(error))
        return refuse(message, { code: error.code, message: error.message, details: error.details });
      // Its text was not written for others; the log has it.
      this.parts.log.error(`a query failed: ${messageOf(error)}`, {
        subject: message.subject,
        stack: error instanceof Error ? error.stack : undefined,
      });
      refuse(message, { code: 'messaging.answer-failed', message: 'the query failed inside its service', details: {} });
    }
  }
}

function readJson(message: ServiceMsg): unknown {
  try {
    return message.data.length === 0 ? {} : message.json();
  } catch {
    return undefined;
  }
}

function refuse(message: ServiceMsg, problem: QueryProblem): void {
  // A header is one line of ASCII; the body has the text as it is.
  const text = problem.message.replace(/[^\x20-\x7e]/g, ' ');
  message.respondError(
    statusOf(problem.code),
    text,
    JSON.stringify({ type: `urn:rackwright:${problem.code}`, ...problem }),
  );
}
