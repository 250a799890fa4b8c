/** Jest global tear-down: stops whatever servers the suites of this run started. */
import { removeRunFolder } from './run-folder.mjs';

export default async function globalTeardown() {
  const folder = process.env.RACKWRIGHT_TEST_RUN;
  if (folder) await removeRunFolder(folder);
}
