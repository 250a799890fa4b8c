/** Jest global set-up: cleans up after killed runs and reserves this run's folder. Starts nothing: suites do, when they need it. */
import { makeRunFolder, removeAbandonedFolders } from './run-folder.mjs';

export default async function globalSetup() {
  await removeAbandonedFolders();
  process.env.RACKWRIGHT_TEST_RUN = makeRunFolder();
}
