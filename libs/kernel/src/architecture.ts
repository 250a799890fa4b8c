/** Processor architectures a server profile can ask for. SPARC has no Redfish value and is learnt from IPMI or a manifest. */
export const ARCHITECTURES = ['x86-64', 'arm64', 'ppc64', 'sparc64', 'riscv64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];
