import { readExportConfig, type ExportConfig } from './observability.config.js';
import { setRecording } from './tracing.js';

/** Ends the export: what is still buffered is sent, within `withinMs` (default 1 s). */
export interface ExportHandle {
  stop(withinMs?: number): Promise<void>;
}

/**
 * Starts sending spans to the OTLP endpoint in `OTEL_EXPORTER_OTLP_ENDPOINT` (or `..._TRACES_ENDPOINT`); undefined, with
 * nothing loaded, when neither is set. Spans made with the OpenTelemetry API directly are sent too.
 */
export async function startExport(
  service: { readonly name: string; readonly version: string },
  config: ExportConfig = readExportConfig(),
): Promise<ExportHandle | undefined> {
  const url = config.tracesEndpoint ?? (config.endpoint && `${config.endpoint.replace(/\/$/, '')}/v1/traces`);
  if (!url) return undefined;
  const { startSdk, stopSdk } = await import('./otel-sdk.js');
  const provider = startSdk(service, url);
  setRecording(true);
  return {
    stop: async (withinMs = 1_000) => {
      setRecording(false);
      await stopSdk(provider, withinMs);
    },
  };
}
