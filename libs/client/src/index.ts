/**
 * The client of the public REST API, for Node: what the command line, the demo and other people's programs talk through.
 * It knows nothing of the services behind the API. Errors are AppErrors that carry the server's code, cause and advice.
 */
export { type ApiEvent, type EventsOptions } from './event-stream.js';
export * from './model.js';
export { type ListOptions } from './paging.js';
export { errorOfProblem, isPassing, problemOf, type ClientErrorDetails, type ProblemEntry } from './problem.js';
export * from './rackwright-client.js';
export { type RunFilter, type RunsApi, type WaitOptions } from './runs.js';
export { type ClientOptions } from './transport.js';
