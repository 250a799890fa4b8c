/*
 * Says that Node is too old before a too old Node trips over newer syntax. Loaded first by npm start and npm test;
 * written so that every Node since version 4 understands it.
 */
'use strict';

var needed = [20, 19, 0];
var found = process.versions.node.split('.').map(Number);
var older = needed.reduce(function (verdict, part, index) {
  return verdict !== 0 ? verdict : found[index] - part;
}, 0);

if (older < 0) {
  process.stderr.write(
    'Rackwright needs Node ' +
      needed.join('.') +
      ' or newer; this is Node ' +
      process.versions.node +
      '.\n' +
      'Install a current Node (https://nodejs.org) and run the same command again.\n',
  );
  process.exit(1);
}
