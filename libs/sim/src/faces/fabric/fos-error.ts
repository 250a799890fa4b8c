/** An error in the words of FOS: an HTTP status and the fields of its error body. */
export interface FosError {
  readonly status: number;
  readonly type: 'application' | 'protocol';
  readonly tag: string;
  readonly message: string;
  readonly code: number;
  readonly module: string;
  readonly path?: string;
}

/** Thrown inside the face and turned into an error body at its edge. */
export class FosRefusal extends Error {
  constructor(readonly error: FosError) {
    super(error.message);
  }
}

/** A zoning error; the shape was seen on 8.2.3b (status 400, type protocol, code -1). */
export function zoneError(message: string, path = '/defined-configuration/'): FosRefusal {
  return new FosRefusal({
    status: 400,
    type: 'protocol',
    tag: 'Operation-failed',
    message,
    code: -1,
    module: 'zone',
    path,
  });
}

export function restError(status: number, message: string, code: number, tag = 'operation-failed'): FosRefusal {
  return new FosRefusal({ status, type: 'application', tag, message, code, module: 'rest' });
}

export function invalidUri(): FosRefusal {
  return restError(400, 'Invalid REST URI', 5, 'unknown-element');
}

/** The body FOS sends with an error; `error` is an object instead of a list of one when `asObject`. */
export function errorBody(error: FosError, asObject: boolean): Record<string, unknown> {
  const entry = {
    'error-type': error.type,
    'error-tag': error.tag,
    'error-app-tag': 'Error',
    ...(error.path === undefined ? {} : { 'error-path': error.path }),
    'error-message': error.message,
    'error-info': { 'error-code': error.code, 'error-module': error.module },
  };
  return { errors: { error: asObject ? entry : [entry] } };
}
