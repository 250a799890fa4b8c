import { Injectable } from '@nestjs/common';
import type { CommandDefinition, InputOf, QueryDefinition, ResultOf } from '@rackwright/contracts';
import { isAppError } from '@rackwright/kernel';
import { CommandBus, QueryClient, type MessageKey } from '@rackwright/messaging';
import { Problem } from '../http/problem.js';
import { isUnreachable } from './unreachable.policy.js';

const COMMAND_TIMEOUT_MS = 15_000;
const QUERY_TIMEOUT_MS = 5_000;

export interface AskOptions {
  readonly actor: string;
  readonly timeoutMs?: number;
  /** Makes a repeat the same message. */
  readonly key?: MessageKey;
}

/** Asks the other services, and puts what they say no to into the words of HTTP. */
@Injectable()
export class Asker {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryClient,
  ) {}

  /** @throws Problem 503 naming the service that does not answer; AppError of the answerer otherwise. */
  async query<Q extends QueryDefinition>(
    query: Q,
    input: InputOf<Q>,
    timeoutMs = QUERY_TIMEOUT_MS,
  ): Promise<ResultOf<Q>> {
    try {
      return await this.queries.query(query, input, { timeoutMs });
    } catch (error) {
      if (isUnreachable(error)) throw unavailable(query.service);
      throw error;
    }
  }

  /** The result of a command that was done. @throws Problem 409, 422 or 404 when refused, 504 when nobody can tell. */
  async command<C extends CommandDefinition>(command: C, input: InputOf<C>, options: AskOptions): Promise<ResultOf<C>> {
    const outcome = await this.outcome(command, input, options);
    switch (outcome.kind) {
      case 'done':
        return outcome.result;
      case 'refused':
        throw Problem.ofRefusal(outcome.code, outcome.message, outcome.details);
      case 'unknown':
        throw new Problem(504, 'outcome-unknown', `${command.service}: ${outcome.message}`, {
          headers: { 'Retry-After': '5' },
          cause: outcome.code,
          extra: { service: command.service },
        });
    }
  }

  /** The bare outcome. @throws Problem 504 when none came in time. */
  async outcome<C extends CommandDefinition>(command: C, input: InputOf<C>, options: AskOptions) {
    const { actor, timeoutMs = COMMAND_TIMEOUT_MS, key } = options;
    try {
      return await this.commands.ask(command, input, { actor, timeoutMs, ...(key !== undefined && { key }) });
    } catch (error) {
      if (!isAppError(error, 'messaging.ask-timeout')) throw error;
      throw new Problem(504, 'outcome-unknown', `${command.service} took no notice of ${command.name} yet`, {
        headers: { 'Retry-After': '5' },
        extra: { service: command.service, details: error.details },
      });
    }
  }
}

function unavailable(service: string): Problem {
  return new Problem(503, 'service-unavailable', `the service ${service} does not answer`, {
    headers: { 'Retry-After': '5' },
    extra: { service },
  });
}
