"""Who is on when: roles, rotations, shifts, requirements, gaps, limits, the generated roster."""
