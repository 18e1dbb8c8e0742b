// The bound to chase: bounded walks with a bucket queue, in double, with nothing around them.
// g++ -O3 -march=native -std=c++17 -shared -fPIC -pthread bucket.cpp -o bucket.so
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

namespace {

constexpr double BUCKET_M = 32.0;

struct Graph {
  const int32_t *first_arc, *head;
  const double *arc_m;
};

struct Entry {
  double m;
  int32_t node;
};

// Every pair of a block of sources, one source after the other.
struct Block {
  std::vector<int64_t> count;
  std::vector<int32_t> target;
  std::vector<double> walk_m;
};

struct Pairs {
  int64_t n_sources, block_size;
  std::vector<Block> blocks;
};

template <class Work> void in_threads(int threads, Work work) {
  std::vector<std::thread> pool;
  for (int k = 1; k < threads; ++k) pool.emplace_back(work);
  work();
  for (auto &thread : pool) thread.join();
}

// What one thread needs to search from one source after the other, touching only what each reaches.
class Search {
public:
  Search(Graph graph, int32_t n_nodes, double limit_m)
      : graph(graph), limit_m(limit_m), m_of(n_nodes, std::numeric_limits<double>::infinity()),
        buckets(static_cast<size_t>(limit_m / BUCKET_M) + 1) {}

  void from(int32_t source, Block &found) {
    reach(source, 0.0);
    for (auto &bucket : buckets) {
      for (size_t k = 0; k < bucket.size(); ++k) {  // grows as it is walked along: arcs may be shorter than it is wide
        const Entry entry = bucket[k];
        if (entry.m > m_of[entry.node]) continue;
        for (int32_t arc = graph.first_arc[entry.node]; arc < graph.first_arc[entry.node + 1]; ++arc)
          reach(graph.head[arc], entry.m + graph.arc_m[arc]);
      }
      bucket.clear();
    }
    for (const int32_t node : reached) {
      found.target.push_back(node);
      found.walk_m.push_back(m_of[node]);
      m_of[node] = std::numeric_limits<double>::infinity();
    }
    found.count.push_back(static_cast<int64_t>(reached.size()));
    reached.clear();
  }

private:
  Graph graph;
  double limit_m;
  std::vector<double> m_of;
  std::vector<std::vector<Entry>> buckets;
  std::vector<int32_t> reached;

  void reach(int32_t node, double m) {
    if (m > limit_m || m >= m_of[node]) return;
    if (std::isinf(m_of[node])) reached.push_back(node);
    m_of[node] = m;
    buckets[static_cast<size_t>(m / BUCKET_M)].push_back({m, node});
  }
};

}  // namespace

extern "C" {

// Metres from each node to the nearest source, and which source that is; no limit, one thread.
void nearest(int32_t n_nodes, const int32_t *first_arc, const int32_t *head, const double *arc_m, int32_t n_sources,
             const int32_t *source, double *walk_m, int32_t *owner) {
  std::fill(walk_m, walk_m + n_nodes, std::numeric_limits<double>::infinity());
  std::fill(owner, owner + n_nodes, -1);
  const double longest_m = *std::max_element(arc_m, arc_m + first_arc[n_nodes]);
  const size_t n_buckets = static_cast<size_t>(longest_m / BUCKET_M) + 2;  // what waits spans no more than one arc
  std::vector<std::vector<Entry>> buckets(n_buckets);
  for (int32_t k = 0; k < n_sources; ++k) {
    walk_m[source[k]] = 0.0;
    owner[source[k]] = k;
    buckets[0].push_back({0.0, source[k]});
  }
  size_t n_empty = 0;
  for (size_t at = 0; n_empty < n_buckets; at = at + 1 == n_buckets ? 0 : at + 1) {
    auto &bucket = buckets[at];
    n_empty = bucket.empty() ? n_empty + 1 : 0;
    for (size_t k = 0; k < bucket.size(); ++k) {
      const Entry entry = bucket[k];
      if (entry.m > walk_m[entry.node]) continue;
      for (int32_t arc = first_arc[entry.node]; arc < first_arc[entry.node + 1]; ++arc) {
        const int32_t next = head[arc];
        const double m = entry.m + arc_m[arc];
        if (m >= walk_m[next]) continue;
        walk_m[next] = m;
        owner[next] = owner[entry.node];
        buckets[static_cast<size_t>(m / BUCKET_M) % n_buckets].push_back({m, next});
      }
    }
    bucket.clear();
  }
}

// Every node within the limit of each source; `take` copies them out and frees them.
Pairs *pairs(int32_t n_nodes, const int32_t *first_arc, const int32_t *head, const double *arc_m, int64_t n_sources,
             const int32_t *source, double limit_m, int threads) {
  const int64_t block_size = 256;
  auto *found = new Pairs{n_sources, block_size, std::vector<Block>((n_sources + block_size - 1) / block_size)};
  std::atomic<size_t> next{0};
  in_threads(threads, [&] {
    Search search({first_arc, head, arc_m}, n_nodes, limit_m);
    for (size_t at; (at = next++) < found->blocks.size();) {
      const int64_t start = static_cast<int64_t>(at) * block_size;
      for (int64_t k = start; k < std::min(start + block_size, n_sources); ++k) search.from(source[k], found->blocks[at]);
    }
  });
  return found;
}

int64_t count(const Pairs *found) {
  int64_t n = 0;
  for (const auto &block : found->blocks) n += static_cast<int64_t>(block.target.size());
  return n;
}

void take(Pairs *found, int64_t *indptr, int32_t *target, double *walk_m, int threads) {
  std::vector<int64_t> first;
  int64_t n = 0, row = 0;
  indptr[0] = 0;
  for (const auto &block : found->blocks) {
    first.push_back(n);
    for (const int64_t of_source : block.count) indptr[++row] = (n += of_source);
  }
  std::atomic<size_t> next{0};
  in_threads(threads, [&] {
    for (size_t at; (at = next++) < found->blocks.size();) {
      auto &block = found->blocks[at];
      std::memcpy(target + first[at], block.target.data(), block.target.size() * sizeof(int32_t));
      std::memcpy(walk_m + first[at], block.walk_m.data(), block.walk_m.size() * sizeof(double));
      block = Block();
    }
  });
  delete found;
}
}
