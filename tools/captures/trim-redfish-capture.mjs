/**
 * Copies the part of a Redfish capture that discovery reads, byte for byte, and leaves the bulk behind.
 *
 *   node tools/captures/trim-redfish-capture.mjs FROM TO [CAPTURE...]
 *
 * FROM and TO are folders of captures (`<folder>/<capture>/<path>/index.json`). A capture's folder under TO is replaced.
 * Repeat-safe. What is kept and dropped is the two lists below; test/data/redfish/README.md says the same for people.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** First path segments that are kept; everything else at the top of a capture is left out. */
const KEPT_ROOTS = ['index.json', 'Systems', 'Chassis', 'Managers', 'SessionService', 'PowerEquipment', 'Facilities'];

/** A path is dropped when any of these matches it (segments joined by `/`). */
const DROPPED = [
  /(^|\/)(LogServices|Sensors|Certificates|SecureBoot|PCIeDevices|PCIDevices|PCISlots|PCIeSlots|Assembly|Schemas)(\/|$)/,
  /(^|\/)(Thermal|ThermalSubsystem|Metrics|MemoryMetrics|VirtualMedia|BootSources|TrustedComponents|Controls)(\/|$)/,
  /(^|\/)(USBDevices|USBPorts|USBControllers|GraphicsControllers|SmartStorage|SecureEraseReportService)(\/|$)/,
  /(^|\/)(WorkloadPerformanceAdvisor|MemoryDomains|SimpleStorage|Drives|Volumes|StorageControllerMetrics)(\/|$)/,
  /^Systems\/[^/]+\/Memory\/./,
  /^Systems\/[^/]+\/Processors\/[^/]+\/(?!index\.json$)./,
  /^Systems\/[^/]+\/Storage\/[^/]+\/(?!index\.json$)./,
  /^Chassis\/[^/]+\/Power\/(?!index\.json$)./,
  /^Systems\/[^/]+\/[Bb]ios\/(?!index\.json$)(?![Ss]ettings)./,
  /^Managers\/[^/]+\/(?!index\.json$|EthernetInterfaces|HostInterfaces|Oem)./,
  /^Managers\/[^/]+\/Oem\/(?!Dell\/DellAttributes\/iDRAC\.Embedded\.1)./,
  /^SessionService\/Sessions\/(?!index\.json$)./,
  /\/Oem\/Dell\/(?!DellNetworkAttributes|DellSwitchConnections|DellAttributes)./,
  /^(Systems|Chassis)\/[^/]+\/Oem\/(?!Dell\/DellSwitchConnections)./,
  /^PowerEquipment\/.*\/(Metrics|Actions)(\/|$)/,
];

function isKept(path) {
  const first = path.split('/')[0];
  return KEPT_ROOTS.includes(first) && path.endsWith('index.json') && !DROPPED.some((rule) => rule.test(path));
}

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

function trimCapture(from, to) {
  rmSync(to, { recursive: true, force: true });
  const kept = filesUnder(from).filter((file) => isKept(relative(from, file).split(sep).join('/')));
  for (const file of kept) {
    const target = join(to, relative(from, file));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target);
  }
  return { files: kept.length, bytes: kept.reduce((sum, file) => sum + statSync(file).size, 0) };
}

const [from, to, ...names] = process.argv.slice(2);
if (!from || !to || !existsSync(from)) {
  console.error('usage: node tools/captures/trim-redfish-capture.mjs FROM TO [CAPTURE...]');
  process.exit(2);
}
const captures =
  names.length > 0 ? names : readdirSync(from).filter((name) => statSync(join(from, name)).isDirectory());
for (const name of captures) {
  const { files, bytes } = trimCapture(join(from, name), join(to, name));
  console.log(`${name}: ${files} files, ${Math.round(bytes / 1024)} KiB`);
}
for (const licence of readdirSync(from).filter((name) => name.startsWith('LICENSE'))) {
  rmSync(join(to, licence), { force: true });
  cpSync(join(from, licence), join(to, licence));
}
