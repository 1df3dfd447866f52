// Gives every run of a stopped daemon's database a loss curve: seed-metrics sweetspot.db POINTS_A_RUN
// The points come from nowhere; they are there to be many.
#include <sqlite3.h>

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: seed-metrics sweetspot.db POINTS_A_RUN\n", stderr), 2;
  sqlite3* database = nullptr;
  char* problem = nullptr;
  const std::string steps =
      "step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < " +
      std::to_string(std::stol(argv[2])) + ")";
  const std::string sql = "BEGIN; INSERT INTO metric WITH RECURSIVE " + steps +
                          " SELECT id, fence, 'loss', n * 10, 3.0 / n + abs(random() % 1000) / 5000.0"
                          " FROM run, step ORDER BY id, n; COMMIT;";
  const bool done = sqlite3_open_v2(argv[1], &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
                    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &problem) == SQLITE_OK;
  if (!done) std::fprintf(stderr, "%s: %s\n", argv[1], problem ? problem : sqlite3_errmsg(database));
  sqlite3_close(database);
  return done ? 0 : 1;
}
