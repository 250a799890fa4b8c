import type { CommandDefinition, InputOf, Outcome, OutcomeOf } from '@rackwright/contracts';

import type { CommandToSend } from '../decision.js';
import type { SagaMessageKey } from '../journal.js';

export interface HandlerContext {
  readonly key: SagaMessageKey;
}

type Handler = (input: unknown, context: HandlerContext) => Outcome;

/** Answers commands as scripted, at once and in order: the services behind a saga, in memory. */
export class ScriptedParticipant {
  /** Every command handled, in order, repeats included. */
  readonly handled: CommandToSend[] = [];
  private readonly handlers = new Map<string, Handler>();

  /** Says how a command is answered; the effect is whatever the handler does to its own world. */
  on<C extends CommandDefinition>(
    command: C,
    handler: (input: InputOf<C>, context: HandlerContext) => OutcomeOf<C>,
  ): this {
    this.handlers.set(keyOf(command), handler as Handler);
    return this;
  }

  /** A command without a handler is refused, so that a forgotten one shows. */
  handle(sent: CommandToSend): Outcome {
    this.handled.push(sent);
    const handler = this.handlers.get(keyOf(sent.command));
    if (handler === undefined) {
      return { kind: 'refused', code: 'test.no-handler', message: `nobody handles ${keyOf(sent.command)}` };
    }
    return handler(sent.input, { key: sent.key });
  }
}

function keyOf(command: CommandDefinition): string {
  return `${command.service}.${command.name}.v${command.version}`;
}
