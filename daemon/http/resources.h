// The handlers, one file a resource: sweeps.cc, results.cc, runs.cc, grid.cc,
// artifacts.cc, samples.cc, differences.cc, tables.cc,
// devices.cc, meta.cc, dashboard.cc. Each answers what openapi.json says under its operation.
#pragma once

#include "daemon/http/router.h"

namespace sweetspot::daemon {

Answer submit_sweep(Context&, const Request&);
Answer list_sweeps(Context&, const Request&);
Answer get_sweep(Context&, const Request&);
Answer get_sweep_grid(Context&, const Request&);
Answer edit_sweep(Context&, const Request&);
Answer remove_sweep(Context&, const Request&);
Answer pause_sweep(Context&, const Request&);
Answer resume_sweep(Context&, const Request&);
Answer cancel_sweep(Context&, const Request&);
Answer retry_sweep(Context&, const Request&);

Answer get_datasets_table(Context&, const Request&);
Answer get_wer_table(Context&, const Request&);
Answer get_sweet_spot_table(Context&, const Request&);
Answer get_degradation_table(Context&, const Request&);
Answer get_reduction_table(Context&, const Request&);
Answer get_patterns_table(Context&, const Request&);
Answer get_word_errors_table(Context&, const Request&);
Answer get_comparison_table(Context&, const Request&);

Answer get_sweep_timing(Context&, const Request&);

Answer import_results(Context&, const Request&);

Answer list_runs(Context&, const Request&);
Answer get_run(Context&, const Request&);
Answer edit_run(Context&, const Request&);
Answer get_run_metrics(Context&, const Request&);
Answer get_run_log(Context&, const Request&);
Answer list_run_events(Context&, const Request&);
Answer list_run_artifacts(Context&, const Request&);
Answer get_run_artifact(Context&, const Request&);
Answer cancel_run(Context&, const Request&);
Answer retry_run(Context&, const Request&);

Answer list_samples(Context&, const Request&);
Answer get_sample_audio(Context&, const Request&);
Answer list_differences(Context&, const Request&);

Answer list_workers(Context&, const Request&);
Answer list_devices(Context&, const Request&);
Answer drain_device(Context&, const Request&);
Answer resume_device(Context&, const Request&);

Answer open_event_stream(Context&, const Request&);

Answer get_version(Context&, const Request&);
Answer get_health(Context&, const Request&);
Answer get_readiness(Context&, const Request&);
Answer get_metrics(Context&, const Request&);
Answer get_openapi(Context&, const Request&);
Answer get_sweep_schema(Context&, const Request&);

// Files of the dashboard, and "/" for its first page.
Answer get_dashboard(Context&, const Request&);

}  // namespace sweetspot::daemon
