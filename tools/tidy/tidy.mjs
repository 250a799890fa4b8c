/** `npm run tidy`: what lint cannot say. Prints every finding and the size report; exit code 1 when there is a finding. */
import { ROOT } from '../workspace/root.mjs';
import { projectFiles } from './files.mjs';
import { cycles, deadFiles, importGraph } from './import-graph.mjs';
import { nameFindings } from './names.mjs';
import * as texts from './texts.mjs';

const files = projectFiles(ROOT);
const graph = importGraph(files);
const findings = [
  ...nameFindings(files),
  ...texts.documentationFindings(files),
  ...texts.wordFindings(files),
  ...texts.specFindings(files),
  ...texts.weightFindings(files),
  ...texts.linkFindings(files),
  ...texts.lockFindings(files),
  ...deadFiles(files, graph).map((path) => `${path}: nothing leads to this file`),
  ...cycles(graph).map((circle) => `import circle: ${[...circle, circle[0]].join(' -> ')}`),
];

for (const finding of findings) console.error(finding);
for (const line of texts.sizeReport(files)) console.log(line);
console.log(`tidy: ${findings.length === 0 ? 'nothing to report' : `${findings.length} findings`}`);
process.exitCode = findings.length === 0 ? 0 : 1;
