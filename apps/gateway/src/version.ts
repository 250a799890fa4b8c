/** SemVer of this build; the version in the API document. */
export const GATEWAY_VERSION = '0.1.0';
