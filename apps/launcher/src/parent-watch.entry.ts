/**
 * Loaded into every service before its own code: ends it when the launcher is gone. The launcher holds the other end of
 * stdin and never writes; when it dies, however suddenly, the pipe closes. SIGTERM to oneself gives the service its
 * ordinary graceful stop, and the second half is for one that does not take it.
 */
import { SystemClock } from '@rackwright/kernel';

const GRACE_MS = 3000;

process.stdin.once('close', () => {
  process.kill(process.pid, 'SIGTERM');
  new SystemClock().setTimer(GRACE_MS, () => process.exit(1));
});
process.stdin.resume();
// Watching must not keep a service alive that has ended by itself. A pipe is a socket here and can be let go.
if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref();
