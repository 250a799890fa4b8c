import { isAppError, messageOf } from '@rackwright/kernel';
import { problemOf } from '@rackwright/client';
import { plain, type Style } from './style.js';

const ACTIONS: Readonly<Record<string, string>> = {
  'not-signed-in': 'sign in: rackwright login',
  'client.wait-timeout': 'the run goes on; look at it: rackwright run watch RUN',
};

/** An error as people want it: what happened, why, where, and what to do next. */
export function errorText(error: unknown, style: Style): string {
  const problem = problemOf(error);
  const own = isAppError(error) ? error.details : {};
  const code = isAppError(error) ? error.code : '';
  const cause = problem?.cause ?? textOf(own['cause']);
  const action =
    problem?.action ?? textOf(own['action']) ?? (problem?.status === 401 ? ACTIONS['not-signed-in'] : ACTIONS[code]);
  const places = (problem?.errors ?? []).map(({ pointer, detail, line, column }) => {
    const where = line === undefined ? pointer : `line ${line}${column === undefined ? '' : `, column ${column}`}`;
    return `  ${[where, detail]
      .filter((part) => part !== undefined && part !== '')
      .map(plain)
      .join(': ')}`;
  });
  return [
    `${style.bad('error:')} ${plain(messageOf(error))}`,
    ...places,
    ...(cause === undefined ? [] : [`  cause: ${plain(cause)}`]),
    ...(action === undefined ? [] : [`  next:  ${plain(action)}`]),
    '',
  ].join('\n');
}

/** The same for programs. */
export function errorJson(error: unknown): Readonly<Record<string, unknown>> {
  const { exit: _exit, ...details } = isAppError(error) ? error.details : {};
  return { error: { code: isAppError(error) ? error.code : 'internal', message: messageOf(error), ...details } };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
