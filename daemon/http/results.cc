#include <fmt/format.h>

#include "daemon/http/lookup.h"
#include "daemon/http/paging.h"
#include "daemon/http/resources.h"
#include "daemon/http/views.h"
#include "schemas/sha256.h"

namespace sweetspot::daemon {

Answer import_results(Context& context, const Request& request) {
  auto document = context.site.contract.body("import_results", request);
  if (!document) return document.error();
  auto results = read_imported(*document);
  if (!results)
    return Problem{
        422,
        {"invalid_results", fmt::format("The results cannot be imported: {}", results.error()[0].message),
         results.error()[0].hint, ""},
        results.error()};
  ImportRequest wanted{.results = *std::move(results), .idempotency = {}};
  if (auto key = request.header("idempotency-key"))
    wanted.idempotency = {*key,
                          sha256_hex(fmt::format("{}\n{}\n{}", request.method, request.path, request.body))};
  auto made = context.site.commands.import_results(std::move(wanted));
  if (!made) return problem_of(made.error());
  auto sweep = find_sweep(context, *made);
  if (!sweep) return sweep.error();
  Response response = json_response(to_json(*sweep, 0), 201);
  response.headers.emplace_back("Location", fmt::format("/api/v1/sweeps/{}", to_string(*made)));
  return response;
}

}  // namespace sweetspot::daemon
