import { useEffect, useRef, useState, type RefCallback } from 'react'
import { useCallback } from 'react'

/** Now, refreshed each minute: for "12 min ago". */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 60_000)
    return () => clearInterval(timer)
  }, [])
  return now
}

/**
 * The beginning of a long list, grown each time its end (the element that gets `end`) comes near the view: the first
 * screen is there at once, however long the list.
 */
export function useGrowing<T>(list: readonly T[], step = 240): { readonly shown: readonly T[]; readonly end: RefCallback<HTMLElement> } {
  const [count, setCount] = useState(step)
  const observer = useRef<IntersectionObserver | null>(null)
  const end = useCallback((element: HTMLElement | null) => {
    observer.current?.disconnect()
    if (element === null) return
    observer.current = new IntersectionObserver(([entry]) => {
      if (entry.isIntersecting) setCount((before) => before + step)
    }, { rootMargin: '800px' })
    observer.current.observe(element)
  }, [step])
  return { shown: list.length > count ? list.slice(0, count) : list, end }
}
