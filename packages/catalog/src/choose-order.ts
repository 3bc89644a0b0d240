/** Scores this close to the best are as good as equal: what they are made of is not known any better. */
const EQUAL = 0.95

/**
 * Candidates by score, the best first; but among those as good as equal to it the power of two choices decides who leads: of two
 * drawn at random (by weight, perhaps the same one twice) the better. Many planners that look at the same figures, a second old,
 * would all send to the same lane otherwise. `random` gives 0 ≤ x < 1.
 */
export function chooseOrder<T extends { score: number; weight: number }>(
  candidates: readonly T[],
  random: () => number,
): T[] {
  const ranked = [...candidates].sort((a, b) => b.score - a.score)
  const best = ranked[0]?.score ?? 0
  let equals = 0
  while (equals < ranked.length && ranked[equals]!.score >= best * EQUAL) equals++
  if (equals < 2) return ranked

  const tier = ranked.slice(0, equals)
  const [one, other] = [draw(tier, random), draw(tier, random)]
  const lead = ranked[other]!.score > ranked[one]!.score ? other : one
  const [leader] = ranked.splice(lead, 1)
  return [leader!, ...ranked]
}

/** Index of one of them, the heavier the likelier. */
function draw(tier: readonly { weight: number }[], random: () => number): number {
  let rest = random() * tier.reduce((sum, { weight }) => sum + weight, 0)
  const index = tier.findIndex(({ weight }) => {
    rest -= weight
    return rest < 0
  })
  return index === -1 ? tier.length - 1 : index
}
