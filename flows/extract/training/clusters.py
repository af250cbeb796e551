"""Word clusters from unlabelled news: co-occurrence counts, singular vectors, k-means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from flows.extract.engines.fast import ClusterTable
from flows.extract.engines.features import fold_word

CONTEXTS = 3000


def build_clusters(
    sentences: Iterable[Sequence[str]],
    *,
    words: int = 30_000,
    fine: int = 384,
    coarse: int = 64,
    seed: int = 7,
) -> ClusterTable:
    """Cluster the ``words`` most frequent folded words by their neighbours one and two places away."""
    from scipy.sparse import coo_matrix  # type: ignore[import-untyped]
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    texts = [[fold_word(w) for w in s] for s in sentences]
    counts = Counter(w for s in texts for w in s)
    vocabulary = [w for w, n in counts.most_common(words) if n >= 3]
    index = {w: i for i, w in enumerate(vocabulary)}
    pairs: Counter[tuple[int, int]] = Counter()
    for s in texts:
        ids = [index.get(w, -1) for w in s]
        for i, a in enumerate(ids):
            if a < 0:
                continue
            for slot, j in enumerate((i - 2, i - 1, i + 1, i + 2)):
                b = ids[j] if 0 <= j < len(ids) else CONTEXTS  # the sentence's edge is a context too
                if 0 <= b <= CONTEXTS:
                    pairs[a, slot * (CONTEXTS + 1) + b] += 1
    rows, columns = np.array(list(pairs), np.int64).T
    values = np.array(list(pairs.values()), np.float64)
    total = values.sum()
    by_row = np.bincount(rows, values, len(vocabulary))
    by_column = np.bincount(columns, values, 4 * (CONTEXTS + 1)) ** 0.75
    by_column *= total / by_column.sum()
    pmi = np.log(values * total / (by_row[rows] * by_column[columns]))
    keep = pmi > 0
    matrix = coo_matrix(
        (pmi[keep], (rows[keep], columns[keep])), shape=(len(vocabulary), 4 * (CONTEXTS + 1))
    ).tocsr()
    vectors = normalize(TruncatedSVD(100, n_iter=4, random_state=seed).fit_transform(matrix))
    labels = [
        MiniBatchKMeans(k, random_state=seed, n_init=3, batch_size=4096, max_iter=60)
        .fit_predict(vectors)
        .tolist()
        for k in (fine, coarse)
    ]
    rank = [int(np.log2(i + 1)) for i in range(len(vocabulary))]
    return ClusterTable(vocabulary, labels[0], labels[1], rank)
