// Stands in for NVIDIA's management library: two GPUs, of 8 and 80 GB.
extern "C" {
struct Memory {
  unsigned long long total, free, used;
};
struct Utilization {
  unsigned gpu, memory;
};
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) { return *count = 2, 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** gpu) {
  static unsigned gpus[2] = {0, 1};
  return *gpu = &gpus[index], 0;
}
int nvmlDeviceGetMemoryInfo(void* gpu, Memory* memory) {
  return memory->total = *static_cast<unsigned*>(gpu) == 0 ? 8'000'000'000 : 80'000'000'000, memory->used = 5, 0;
}
// Only the second one can say it.
int nvmlDeviceGetUtilizationRates(void* gpu, Utilization* rates) {
  if (*static_cast<unsigned*>(gpu) == 0) return 3;
  return rates->gpu = 75, rates->memory = 10, 0;
}
}
