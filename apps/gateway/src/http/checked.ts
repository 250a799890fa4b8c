import { pointerOf } from '@rackwright/documents';
import type { z } from 'zod';
import { Problem } from './problem.js';

/**
 * A body or query as its schema wants it.
 *
 * @throws Problem 422 that names every wrong field.
 */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          pointer: pointerOf([...issue.path, key]),
          code: 'unknown-field',
          detail: `there is no field "${key}"`,
        }))
      : [{ pointer: pointerOf(issue.path), code: 'invalid-value', detail: issue.message }],
  );
  const [first] = errors;
  throw new Problem(422, 'invalid-request', `${first?.pointer || 'the request'}: ${first?.detail ?? 'not valid'}`, {
    errors,
  });
}
